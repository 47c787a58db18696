"""Whichever door an address or a name comes through, it is nobody else's: every door with everything that is held."""

from __future__ import annotations

import contextlib
import json

import pytest
from sqlalchemy import event, insert, select
from test_path import MAC, NOBODY, discovered, work_off

from oci.adapters.puppetca import HttpPuppetCa
from oci.app import APPLIANCE
from oci.db import tables
from oci.problems import Conflict, Forbidden, NotFound, Problem
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import NetworkIn
from oci.schemas.machines.machines import AssignIn, BmcIn
from oci.services.activity import jobs, site_troubles
from oci.services.clusters import clusters, networks
from oci.services.machines import look, verbs
from oci.services.path import puppet, works

# What is held on 10.77.0.0/24 once `site` is done, and a word of the refusal.
HELD = {
    "10.77.0.1": "appliance's own",
    "10.77.0.2": "Puppet server",
    "10.77.0.3": "https_url",
    "10.77.0.4": "apt_uri",
    "10.77.0.5": "DNS server",
    "10.77.0.6": "DNS server of the network prov",
    "10.77.0.254": "gateway of the network prov",
    "10.77.0.200": "DHCP range",
    "10.77.0.225": "DHCP range",
    "10.77.0.239": "DHCP range",
    "10.77.0.30": "controller of machine-2",
    "10.77.0.31": "held by another machine, other1.lab.test",
    "10.77.0.0": "host address",
    "10.77.0.255": "host address",
}
SETTINGS = {
    "puppet_address": "10.77.0.2",
    "https_url": "https://10.77.0.3",
    "apt_uri": "http://10.77.0.4/debian",
    "dns_servers": ["10.77.0.5"],
    "dhcp_mode": "dhcp",
    "dhcp_first": "10.77.0.200",
    "dhcp_last": "10.77.0.239",
}


def bmc(address: str) -> BmcIn:
    return BmcIn(address=address, username="admin", password="sesame")


def mac(number: int) -> str:
    return f"52:54:00:77:01:{number:02x}"


def network(world, **changes):
    good = {
        "name": "prov",
        "cidr": "10.77.0.0/24",
        "first": "10.77.0.20",
        "last": "10.77.0.40",
        "gateway": "10.77.0.254",
        "dns": ["10.77.0.6"],
    }
    return networks.create_network(world.ctx(), NetworkIn(**{**good, **changes}))


def assign(world, name: str = "1", **changes):
    return verbs.assign(world.ctx(), name, AssignIn(**{"cluster": "c1", "role": "compute", **changes}))


@pytest.fixture
def site(world):
    """Three machines: 1 is free, 2 has a controller, 3 is called other1 and has 10.77.0.31."""
    world.set(**SETTINGS)
    network(world)
    clusters.create_cluster(world.ctx(), ClusterIn(name="c1", domain="lab.test", network="prov"))
    for number in (1, 2, 3):
        verbs.enrol(world.ctx(), mac(number))
    verbs.set_bmc(world.ctx(), "2", bmc("10.77.0.30"))
    assign(world, "3", hostname="other1", address="10.77.0.31")
    return world


@pytest.mark.parametrize(("address", "says"), HELD.items())
def test_assign_by_hand(site, address, says) -> None:
    with pytest.raises(Conflict, match=says):
        assign(site, address=address)
    assert look.show(site.ctx(), "1").state == "discovered"


@pytest.mark.parametrize(
    ("address", "says"), [*HELD.items(), ("010.77.0.33", "no address"), ("10.78.0.1", "not a host address")]
)
def test_assign_anew(site, address, says) -> None:
    assign(site, address="10.77.0.33")
    verbs.unassign(site.ctx(), "1")
    with pytest.raises(Conflict, match=says):
        assign(site, address=address)
    assert assign(site, address="10.77.0.33").address == "10.77.0.33"


@pytest.mark.parametrize(
    ("address", "says"), [i for i in HELD.items() if "controller" not in i[1]] + [("10.77.0.255", "broadcast")]
)
def test_a_controller_has_an_address_of_its_own(site, address, says) -> None:
    says = says if says != "host address" else "network prov"
    with pytest.raises(Conflict, match=says):
        verbs.set_bmc(site.ctx(), "1", bmc(address))
    with pytest.raises(Conflict, match=says):
        verbs.enrol(site.ctx(), mac(9), bmc(address))
    assert look.show(site.ctx(), "1").bmc_address == "" and len(look.list_machines(site.ctx()).machines) == 3


@pytest.mark.parametrize(
    ("text", "stored"), [("FD00::0:7", "fd00::7"), ("BMC.Lab.Test", "bmc.lab.test"), ("10.78.0.9", "10.78.0.9")]
)
def test_a_controller_is_stored_in_one_spelling(site, text, stored) -> None:
    assert verbs.set_bmc(site.ctx(), "1", bmc(text)).bmc_address == stored


def test_an_enrolled_controller_is_stored_in_one_spelling(site) -> None:
    assert verbs.enrol(site.ctx(), mac(9), bmc("FD00::0:7")).bmc_address == "fd00::7"


@pytest.mark.parametrize("text", ["010.78.0.9", "0x0a4e0009", "10.78.9"])
def test_a_controller_that_programs_read_in_two_ways(site, text) -> None:
    with pytest.raises(Problem, match="without leading zeros"):
        verbs.set_bmc(site.ctx(), "1", bmc(text))


@pytest.mark.parametrize(
    ("address", "says"),
    [i for i in HELD.items() if i[1].split()[0] not in ("host", "held", "gateway") and "network prov" not in i[1]],
)
def test_a_range_without_what_is_held(world, address, says) -> None:
    world.set(**SETTINGS)
    verbs.enrol(world.ctx(), mac(1))
    verbs.enrol(world.ctx(), mac(2), bmc("10.77.0.30"))
    with pytest.raises(Conflict, match=says):
        network(world, first=address, last=address)
    world.set(dhcp_first="10.9.0.1", dhcp_last="10.9.0.9")
    if "DHCP" in says:
        assert network(world, first=address, last=address)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"gateway": "10.77.0.201"}, "the gateway 10.77.0.201 .* DHCP range"),
        ({"gateway": "10.77.0.30"}, "controller of machine-1"),
        ({"dns": ["9.9.9.9", "10.77.0.239"]}, "the DNS server 10.77.0.239 .* DHCP range"),
        ({"dns": ["10.77.0.30"]}, "controller"),
        ({"purpose": "storage"}, "it is a provisioning network"),
        ({"first": "10.77.0.25", "last": "10.77.0.35"}, "controller of"),
    ],
)
def test_a_network_is_not_led_through_what_is_held(world, changes, says) -> None:
    world.set(**SETTINGS)
    verbs.enrol(world.ctx(), mac(1), bmc("10.77.0.30"))
    with pytest.raises(Conflict, match=says):
        network(world, **{"first": "10.77.0.40", "last": "10.77.0.50", **changes})
    assert network(world, first="10.77.0.40", last="10.77.0.50", gateway="10.77.0.1", dns=["10.77.0.1", "10.77.0.2"])


def test_the_next_free_address_is_nobodys(site) -> None:
    """The range is 10.77.0.20 to .40; a controller has .30, a machine .31, and later the settings claim more."""
    site.set(puppet_address="10.77.0.20", dhcp_first="10.77.0.22", dhcp_last="10.77.0.28")
    given_out = []
    for number in range(10, 25):
        made = verbs.enrol(site.ctx(), mac(number))
        try:
            given_out.append(assign(site, str(made.id)).address)
        except Conflict as full:
            assert "no free address" in str(full)
            break
    assert given_out == [f"10.77.0.{n}" for n in (21, 29, *range(32, 41))]


NAMES = {
    "puppet": "Puppet server",
    "head": "the appliance",
    "boot": "http_url",
    "localhost": "asks",
    "7": "id of a machine",
    "52-54-00-77-01-02": "MAC",
    "525400770102": "id of a machine",
    "machine-2": "without a role",
    "other1": "name of another machine",
}


@pytest.mark.parametrize(("host", "says"), NAMES.items())
def test_names_by_hand(site, host, says) -> None:
    site.outside(host_names=("Head.Lab.Test",))
    site.set(puppet_server="Puppet.Lab.Test.", http_url="http://boot.lab.test:80")
    with pytest.raises(Conflict, match=says):
        assign(site, hostname=host)
    assert assign(site, hostname="free").fqdn == "free.lab.test"


@pytest.mark.parametrize("server", ["puppet", "PUPPET."])
def test_a_server_known_by_its_short_name_has_it_in_every_domain(site, server) -> None:
    site.set(puppet_server=server)
    with pytest.raises(Conflict, match="Puppet server"):
        assign(site, hostname="puppet")


def test_a_pattern_leaves_out_names_that_are_somebodys(site) -> None:
    site.set(puppet_server="compute1.lab.test")
    clusters.create_cluster(site.ctx(), ClusterIn(name="c2", domain="lab.test", network="prov"))
    assert assign(site, "1").hostname == "compute2"
    assert assign(site, "2", cluster="c2").hostname == "compute3"


@pytest.mark.parametrize("domain", ["10.0.0", "lab.7", "localhost", "a.localhost"])
def test_a_domain_whose_names_read_like_something_else(site, domain) -> None:
    with pytest.raises(Problem, match="no cluster can have the domain"):
        clusters.create_cluster(site.ctx(), ClusterIn(name="c3", domain=domain, network="prov"))


RIVALS = {
    "name": (
        tables.Machine,
        {"id": 77, "name": "compute2.lab.test", "state": "discovered", "state_since": 0, "created": 0, "inventory": {}},
        ("compute3.lab.test", "10.77.0.20"),
    ),
    "address": (
        tables.Address,
        {"network_id": 1, "ip": "10.77.0.20", "machine_id": 2},
        ("compute2.lab.test", "10.77.0.21"),
    ),
    "number": (
        tables.Assignment,
        {"machine_id": 2, "cluster_id": 1, "role": "compute", "number": 2, "hostname": "x", "fqdn": "x.lab.test"},
        ("compute3.lab.test", "10.77.0.20"),
    ),
    "machine": (
        tables.Assignment,
        {"machine_id": 1, "cluster_id": 1, "role": "volume", "number": 1, "hostname": "x", "fqdn": "x.lab.test"},
        ("compute2.lab.test", "10.77.0.20"),
    ),
}


@contextlib.contextmanager
def a_rival(site, when, table, values):
    """A rival's row of `table` is there after everything was looked at, and before one of `when` is written: the first try
    collides with it. It is committed before the second."""
    tries: list[object] = []

    def collide(session, _context, _instances) -> None:
        if not tries and any(isinstance(new, when) for new in session.new):
            tries.append(session)
            session.connection().execute(insert(table).values(**values))

    def settle(session) -> None:
        if tries == [session]:
            tries.append("settled")
            with site.database.engine.begin() as connection:
                connection.execute(insert(table).values(**values))

    listeners = (("before_flush", collide), ("after_rollback", settle))
    for name, listener in listeners:
        event.listen(site.appliance.make_session, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners:
            event.remove(site.appliance.make_session, name, listener)
    assert len(tries) == 2, "the rival was never there"


@pytest.mark.parametrize("what", RIVALS)
def test_whoever_comes_second_gets_what_is_left(site, what) -> None:
    table, values, left = RIVALS[what]
    with a_rival(site, tables.Assignment, table, values):
        made = assign(site)
    assert (made.fqdn, made.address) == left


def test_a_name_by_hand_that_was_taken_meanwhile_is_refused_as_taken(site) -> None:
    table, values, _left = RIVALS["name"]
    with (
        a_rival(site, tables.Assignment, table, values),
        pytest.raises(Conflict, match=r"compute2\.lab\.test is already the name of another machine"),
    ):
        assign(site, hostname="compute2")


def test_an_address_by_hand_that_was_taken_meanwhile_is_refused_as_taken(site) -> None:
    table, values, _left = RIVALS["address"]
    with (
        a_rival(site, tables.Assignment, table, values),
        pytest.raises(Conflict, match=r"address 10\.77\.0\.20 is already held by another machine"),
    ):
        assign(site, address="10.77.0.20")


@pytest.mark.parametrize("what", ["network", "cluster"])
def test_whoever_makes_a_name_second_is_told(site, what) -> None:
    values = {
        "network": (
            tables.Network,
            {"name": "n2", "purpose": "storage", "cidr": "10.79.0.0/24"},
        ),
        "cluster": (tables.Cluster, {"name": "n2", "domain": "x.test", "network_id": 1, "created": 0}),
    }
    table, row = values[what]
    with a_rival(site, table, table, row), pytest.raises(Conflict, match=f"a {what} called n2 exists already"):
        if what == "network":
            network(site, name="n2", cidr="10.80.0.0/24", first="10.80.0.1", last="10.80.0.9", gateway="", dns=[])
        else:
            clusters.create_cluster(site.ctx(), ClusterIn(name="n2", domain="y.test", network="prov"))


def test_a_card_has_one_spelling_and_so_has_an_id(site) -> None:
    made = verbs.enrol(site.ctx(), "52:54:00:77:AB:CD")
    assert made.macs == ["52:54:00:77:ab:cd"]
    with pytest.raises(Conflict, match="already belongs to a machine"):
        verbs.enrol(site.ctx(), "52:54:00:77:ab:cd")
    assert look.show(site.ctx(), str(made.id)).id == made.id
    with pytest.raises(NotFound):
        look.show(site.ctx(), f"0{made.id}")


def test_settings_that_collide_with_what_is_stored_are_told(site) -> None:
    assert site_troubles.list_troubles(site.ctx()) == [] and site_troubles.tell(site.ctx(APPLIANCE)) == 0
    site.set(
        puppet_server="other1.lab.test",
        puppet_address="10.77.0.31",
        dhcp_first="10.77.0.28",
        dhcp_last="10.77.0.30",
        dhcp_gateway="10.77.0.29",
    )
    found = "\n".join(site_troubles.list_troubles(site.ctx()))
    for words in (
        "the setting dhcp_gateway is inside of the DHCP range",
        "the machine other1.lab.test has 10.77.0.31, which is now",
        "the controller of machine-2 has 10.77.0.30, which is now the DHCP range",
        "the range of the network prov",
        "a machine is called other1.lab.test, which is now the name of the Puppet server",
    ):
        assert words in found
    for _ in range(2):  # the same words once a day
        assert site_troubles.tell(site.ctx(APPLIANCE)) == 5
    with site.appliance.make_session() as db:
        assert len(db.scalars(select(tables.Event).where(tables.Event.kind == "site.trouble")).all()) == 5


def test_a_promise_that_the_settings_took_back_is_not_installed(site) -> None:
    site.set(puppet_address="10.77.0.31")
    with pytest.raises(Conflict, match=r"address 10.77.0.31 is the address of the Puppet server"):
        verbs.install(site.ctx(), "other1")
    site.set(puppet_address="10.77.0.2", puppet_server="other1.lab.test")
    with pytest.raises(Conflict, match="its name is that of the Puppet server"):
        verbs.install(site.ctx(), "other1")


@pytest.mark.parametrize("server", ["node1.lab.test", "NODE1.lab.test.", "node1"])
def test_the_last_door_never_cleans_the_puppet_server(world, server) -> None:
    """The name became the server's after the machine had it: nothing that OCI does cleans it, and no request is signed."""
    network(world)
    clusters.create_cluster(world.ctx(), ClusterIn(name="c1", domain="lab.test", network="prov"))
    boot = discovered(world, MAC)
    assign(world, hostname="node1")
    verbs.install(world.ctx(), "node1")
    token = works.claim(world.ctx(NOBODY), boot, "install")["TOKEN"]
    works.done(world.ctx(NOBODY), token)
    world.set(puppet_server=server)
    with pytest.raises(Forbidden, match="no machine gets its certificate"):
        puppet.challenge(world.ctx(NOBODY), token)
    world.outside(puppet_ca=world.puppet_ca)
    with world.appliance.make_session() as db:
        db.add(
            tables.Job(
                kind="clean_certificate",
                lane="certificates",
                args={"certname": "node1.lab.test"},
                state="queued",
                created=0,
                run_after=0,
            )
        )
        db.commit()
    work_off(world)
    assert world.puppet_ca.cleaned == [] and jobs.due(world.ctx(APPLIANCE)) == []
    with world.appliance.make_session() as db:
        said = [
            e.text
            for e in db.scalars(select(tables.Event).where(tables.Event.kind == "puppet.refused").order_by(tables.Event.id))
        ]
    assert len(said) == 2 and all("its certificate is not cleaned" in text for text in said)
    assert "sesame" not in json.dumps(said)


@pytest.mark.parametrize("server", ["puppet.lab.test", "Puppet.Lab.Test."])
def test_the_hand_itself_refuses_the_servers_own_certificate(tmp_path, server) -> None:
    """Before it connects to anything: there is no server here, and no certificate to connect with."""
    hand = HttpPuppetCa("https://puppet.lab.test:8140", tmp_path, server, "127.0.0.1")
    with pytest.raises(ValueError, match="which is never cleaned"):
        hand.clean("puppet.lab.test")
