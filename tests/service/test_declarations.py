"""A cluster as one document: applied, changed, exported, and refused with every mistake in it."""

from __future__ import annotations

import textwrap

import pytest
import yaml
from sqlalchemy import select

from oci.context import Actor
from oci.db import tables
from oci.domain.cluster.fleet import Network
from oci.problems import Forbidden, Mistaken, NotFound
from oci.records.clusters import fleets
from oci.schemas.cloud.declarations import ApplyIn
from oci.schemas.clusters.settings import SettingIn
from oci.services.cloud import declarations
from oci.services.clusters import clusters, networks, settings
from oci.services.machines import look
from oci.services.usecase import usecase

CLOUD = """\
cluster: demo
domain: demo.test
network: prov
settings:
  ntp_servers: 10.77.0.5
networks:
  prov:
    cidr: 10.77.0.0/24
    ranges:
    - {first: 10.77.0.11, last: 10.77.0.90, use: machines}
    - {first: 10.77.0.200, last: 10.77.0.210, use: vip}
  storage:
    purpose: storage
    cidr: 10.79.0.0/24
    vlan: 20
    mtu: 9000
    exclusive: true
    ranges:
    - {first: 10.79.0.11, last: 10.79.0.90}
addresses:
  api: {network: prov}
roles:
  controller:
    settings:
      attempts: 5
    machines:
    - machine: 52:54:00:00:00:01
      settings: {apt_suite: sid}
  compute:
    machines:
    - 52:54:00:00:00:02
    - machine: 52:54:00:00:00:03
      hostname: big1
      addresses: {prov: 10.77.0.50}
"""


@pytest.fixture
def rack(world):
    """Five machines that nobody has."""
    with world.appliance.make_session() as db:
        for number in range(1, 6):
            machine = tables.Machine(
                name=f"machine-{number}",
                state="discovered",
                state_since=0.0,
                created=0.0,
                inventory={},
                cores=number * 4,
                memory_bytes=number * (16 << 30),
                vendor="Acme" if number < 4 else "Other",
                pulse=tables.Pulse(),
                bmc=tables.Bmc(),
            )
            db.add(machine)
            db.flush()
            db.add(tables.Nic(machine_id=machine.id, mac=f"52:54:00:00:00:0{number}", kind="onboard"))
        db.commit()
    return world


def apply(world, document: str = CLOUD, dry_run: bool = False) -> list[str]:
    return declarations.apply(world.ctx(), ApplyIn(document=document, dry_run=dry_run)).changes


def export(world) -> str:
    return declarations.export(world.ctx(), "demo").document


def mistakes(world, document: str) -> list[tuple[int, str, str]]:
    with pytest.raises(Mistaken) as refused:
        apply(world, document)
    return list(refused.value.mistakes)


def everything(world) -> str:
    """All that a declaration could change, as text."""
    kept = ("machine", "nic", "cluster", "network", "range", "assignment", "address", "setting", "event", "authority")
    with world.appliance.make_session() as db:
        return repr([db.execute(select(tables.Table.metadata.tables[name])).all() for name in kept])


def test_a_document_makes_a_cluster(rack) -> None:
    assert apply(rack)
    assert (clusters.show_cluster(rack.ctx(), "demo").domain, clusters.show_cluster(rack.ctx(), "demo").machines) == (
        "demo.test",
        3,
    )
    names = {number: look.show(rack.ctx(), str(number)).name for number in range(1, 6)}
    assert names == {
        1: "controller1.demo.test",
        2: "compute1.demo.test",
        3: "big1.demo.test",
        4: "machine-4",
        5: "machine-5",
    }
    storage = networks.show_network(rack.ctx(), "storage")
    assert (storage.cluster, storage.vlan, storage.mtu, storage.ranges[0].use) == ("demo", 20, 9000, "machines")
    (api,) = networks_of(rack, vip="api")
    assert api == "10.77.0.200"


def networks_of(world, **holder: object) -> list[str]:
    with world.appliance.make_session() as db:
        return list(db.scalars(select(tables.Address.ip).filter_by(**holder)))


def test_the_same_document_changes_nothing_the_second_time(rack) -> None:
    apply(rack)
    before = everything(rack)
    assert apply(rack) == [] and everything(rack) == before


def test_what_is_exported_and_applied_is_exported_again_to_the_octet(rack) -> None:
    apply(rack)
    first = export(rack)
    before = everything(rack)
    assert apply(rack, first) == [] and everything(rack) == before
    assert export(rack) == first


def test_an_export_makes_the_same_cluster_on_an_appliance_that_has_the_machines(rack) -> None:
    apply(rack)
    first = export(rack)
    apply(rack, "cluster: demo\ndomain: demo.test\nnetwork: prov\n")  # everybody leaves
    apply(rack, first)
    assert export(rack) == first


def test_a_dry_run_tells_the_same_and_changes_nothing(rack) -> None:
    before = everything(rack)
    told = apply(rack, dry_run=True)
    assert everything(rack) == before
    assert apply(rack) == told


def test_what_a_document_does_not_say_any_more_is_taken_back(rack) -> None:
    apply(rack)
    less = CLOUD
    for part in (
        "settings:\n  ntp_servers: 10.77.0.5\n",
        "    settings:\n      attempts: 5\n",
        "      settings: {apt_suite: sid}\n",
        "addresses:\n  api: {network: prov}\n",
        "    - 52:54:00:00:00:02\n",
        "    - {first: 10.77.0.200, last: 10.77.0.210, use: vip}\n",
    ):
        assert part in less
        less = less.replace(part, "")
    told = apply(rack, less)
    assert any("machine-2" in one or "unassign" in one for one in told)
    with rack.appliance.make_session() as db:
        assert not list(db.scalars(select(tables.Setting)))
    assert not networks_of(rack, vip="api")
    assert look.show(rack.ctx(), "2").state == "discovered"
    assert len(networks.show_network(rack.ctx(), "prov").ranges) == 1
    assert apply(rack, less) == []


def test_a_secret_is_neither_taken_from_a_document_nor_dropped_nor_told(rack) -> None:
    hash_ = "$6$abcdefgh$" + "a" * 60
    ((line, where, text),) = mistakes(rack, CLOUD.replace("ntp_servers: 10.77.0.5", f"root_password_hash: {hash_}"))
    assert (line, where) == (5, "settings.root_password_hash") and "is a secret" in text and hash_ not in text
    apply(rack)
    settings.set_setting(rack.ctx(), "root_password_hash", SettingIn(cluster="demo", secret=hash_))
    assert "root_password" not in export(rack)
    assert apply(rack) == []
    with rack.appliance.make_session() as db:
        assert "root_password_hash" in set(db.scalars(select(tables.Setting.name)))


@pytest.mark.parametrize("flavors", ["m1.small:1:2048:20 build:16:65536:0", '""'])
def test_flavors_are_declared_and_exported_as_they_were(rack, flavors: str) -> None:
    text = CLOUD.replace("  ntp_servers: 10.77.0.5\n", f"  ntp_servers: 10.77.0.5\n  flavors: {flavors}\n")
    apply(rack, text)
    exported = export(rack)
    assert apply(rack, text) == apply(rack, exported) == []
    assert yaml.safe_load(exported)["settings"]["flavors"] == flavors.strip('"')


@pytest.mark.parametrize(
    ("flavors", "said"),
    [
        ("m1.small:1:2048", "'m1.small:1:2048' is not like that. It must be flavors like m1.small:1:2048:20"),
        ("m1.small:0:2048:20", "the flavor m1.small has no virtual CPU"),
        ("m1.small:1:0:20", "the flavor m1.small has no memory"),
        ("a:1:1:1 b:1:1:1 a:2:1:1", "the flavor a is there twice, with different numbers"),
    ],
)
def test_a_flavor_that_is_none_is_told_with_its_line(rack, flavors: str, said: str) -> None:
    before = everything(rack)
    found = mistakes(rack, CLOUD.replace("ntp_servers: 10.77.0.5", f"flavors: {flavors}"))
    ((line, where, text),) = found
    assert (line, where) == (5, "settings.flavors") and said in text
    roles = CLOUD.replace("attempts: 5", "flavors: a:1:1:1")
    ((line, where, text),) = mistakes(rack, roles)
    assert (line, where) == (25, "roles.controller.settings.flavors") and "cannot be set for a role" in text
    assert everything(rack) == before


def test_machines_are_taken_by_what_they_are_up_to_the_count(rack) -> None:
    text = CLOUD.replace(
        "  compute:\n    machines:\n    - 52:54:00:00:00:02\n",
        "  compute:\n    take: {count: 2, cores: 8, vendor: Other}\n    machines:\n",
    )
    apply(rack, text)
    assert [look.show(rack.ctx(), str(number)).role for number in (2, 3, 4, 5)] == ["", "compute", "compute", ""]
    assert apply(rack, text) == [], "who is there counts"
    exported = export(rack)
    assert "take" not in exported and apply(rack, exported) == []
    more = text.replace("count: 2", "count: 9")
    ((_line, where, words),) = mistakes(rack, more)
    assert where == "roles.compute.take" and "is to have 9 machines and has 2" in words
    fewer = text.replace("count: 2", "count: 1")
    ((_line, _where, words),) = mistakes(rack, fewer)
    assert "more than 1" in words


def test_a_machine_with_something_on_it_is_not_dropped(rack) -> None:
    apply(rack)
    with rack.appliance.make_session() as db:
        db.get(tables.Machine, 2).state = "active"
        db.commit()
    before = everything(rack)
    ((line, _where, text),) = mistakes(rack, CLOUD.replace("    - 52:54:00:00:00:02\n", ""))
    assert line == 22 and "compute1.demo.test is a active compute" in text and "release" in text
    moved = CLOUD.replace("    - 52:54:00:00:00:02\n", "").replace("  compute:", "    - 52:54:00:00:00:02\n  compute:")
    assert "Release it first" in mistakes(rack, moved)[0][2]
    assert everything(rack) == before


def test_machines_that_are_only_promised_may_change_places(rack) -> None:
    apply(rack)
    swapped = CLOUD.replace("00:01", "00:0x").replace("00:02", "00:01").replace("00:0x", "00:02")
    apply(rack, swapped)
    assert (look.show(rack.ctx(), "1").role, look.show(rack.ctx(), "2").role) == ("compute", "controller")
    assert apply(rack, swapped) == []


WRONG = """\
cluster: demo
domain: demo.test
network: prov
settings:
  ntp_servers: "not a host!"
  no_such_setting: 1
  attempts: 99
  root_password_hash: x
networks:
  prov:
    cidr: 10.77.0.0/24
    ranges:
    - {first: 10.77.0.11, last: 10.77.0.12}
  gone:
    purpose: storage
    cidr: 10.84.0.0/24
    gateway: 10.78.0.1
  good:
    purpose: provisioning
    cidr: 10.80.0.0/24
    ranges:
    - {first: 10.80.0.90, last: 10.80.0.11}
    - {first: 10.80.1.5, last: 10.80.1.9}
    - {first: 10.80.0.100, last: 10.80.0.120}
    - {first: 10.80.0.110, last: 10.80.0.130}
  over:
    purpose: storage
    cidr: 10.80.0.128/25
  host:
    purpose: storage
    cidr: 10.81.0.5/24
  text:
    purpose: storage
    cidr: ten
  routed:
    purpose: storage
    cidr: 10.82.0.0/24
    routes: [10.9.0.0/16]
  dns:
    purpose: storage
    cidr: 10.83.0.0/24
    dns: [nobody]
addresses:
  api: {network: nowhere}
  sql: {network: prov, address: 10.99.0.1}
  mq: {network: gone}
roles:
  nothing:
    machines: []
  controller:
    settings: {install_seconds: soon}
    machines:
    - 52:54:00:00:00:01
    - 52:54:00:00:00:01
    - 52:54:00:00:00:77
    - nobody
    - {machine: 52:54:00:00:00:02, addresses: {storage: 10.1.1.1}}
    - {machine: 52:54:00:00:00:03, addresses: {prov: 10.99.0.2}}
    - {machine: 52:54:00:00:00:04, hostname: puppet, settings: {attempts: none, apt_uri: "file:///x"}}
  compute:
    take: {count: 7}
"""


def test_thirty_mistakes_are_told_at_once_and_nothing_is_changed(rack) -> None:
    before = everything(rack)
    found = mistakes(rack, WRONG)
    assert everything(rack) == before
    assert len(found) >= 25 and len({line for line, _where, _text in found}) >= 21, found
    assert "gone" not in " ".join(text for _line, where, text in found if where != "networks.gone"), "no follow-ups"
    spelling = mistakes(rack, SPELT)
    assert len(spelling) >= 30 and len({(line, where) for line, where, _text in spelling}) >= 30
    assert [one[0] for one in spelling] == sorted(one[0] for one in spelling)


SPELT = """\
cluster: Demo
domain: -x-
netwrok: prov
settings: [1]
networks:
  Prov: {}
  a: {cidr: 1, vlan: many, mtu: 3, purpose: nix, exclusive: perhaps, dns: one}
  e: {cidr: 1, gateway: [x], routes: x, serves: all, place: {}}
  b: {cidr: 1, vlan: 5000, mtu: 99999, ranges: x, colour: red}
  c:
    cidr: 1
    ranges:
    - {first: 1}
    - {last: 10.0.0.1, use: cats}
    - 10.0.0.1
  c: {}
  d:
addresses:
  Api: {network: prov}
  api: {}
  sql: x
roles:
  controller:
    settings: none
    machines:
    - {hostname: A_B}
    - [1]
    - {machine: m, hostnme: x}
    take: {count: -1, sockets: 3}
  compute: []
  network: {machines: m}
  volume: {take: some}
extra: 1
"""


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("just a word", "needs names and values"),
        ("a: b: c", "line 1"),
        ("a: &x 1\nb: *x\n", "alias"),
        ("a: !!python/object:os.system 1", "tag"),
        ("a: 1\n---\nb: 2\n", "expected a single document"),
        ("[" * 40 + "]" * 40, "nested more than"),
        ("a: \x07", "cannot be in YAML"),
        ("? [1]\n: 2\n", "one word"),
    ],
)
def test_what_is_no_document_is_refused_in_words(rack, document: str, words: str) -> None:
    with pytest.raises(Mistaken) as refused:
        declarations.apply(rack.ctx(), ApplyIn.model_construct(document=document, dry_run=False))
    assert words in str(refused.value), str(refused.value)


def test_words_stay_what_was_written(rack) -> None:
    """YAML 1.1 would make a boolean, a number of minutes, a float and an octal number of these."""
    document = textwrap.dedent(
        """\
        cluster: no
        domain: 1e3
        network: on
        networks:
          on: {cidr: 10.77.0.0/24, place: 02:30, vlan: 0o17}
        """
    )
    found = mistakes(rack, document)
    assert [(line, where) for line, where, _text in found] == [(5, "networks.on.vlan")]
    apply(rack, document.replace("0o17", "017"))
    assert networks.show_network(rack.ctx(), "on").place == "02:30"
    assert declarations.export(rack.ctx(), "no").document.startswith("cluster: 'no'\ndomain: 1e3\nnetwork: 'on'\n")


def test_who_may_and_what_is_not_there(rack) -> None:
    for level in ("viewer",):
        with pytest.raises(Forbidden):
            declarations.apply(rack.appliance.ctx(Actor("vic", level)), ApplyIn(document=CLOUD))
    with pytest.raises(NotFound):
        declarations.export(rack.ctx(), "demo")


OUTSIDE = """\
  public:
    purpose: external
    cidr: 203.0.113.0/24
    gateway: 203.0.113.1
    vlan: 7
    exclusive: true
    ranges:
    - {first: 203.0.113.150, last: 203.0.113.200, use: floating}
    - {first: 203.0.113.20, last: 203.0.113.30, use: floating}
    - {first: 203.0.113.11, last: 203.0.113.12, use: machines}
addresses:
"""


@usecase("test.outside", "operator")
def _outside(ctx) -> tuple[Network, ...]:
    id, revision = ctx.db.execute(select(tables.Cluster.id, tables.Cluster.revision)).one()
    return fleets.fleet(ctx, id, revision).outside


def test_a_network_outside_is_in_the_snapshot_with_what_servers_may_have(rack) -> None:
    apply(rack, CLOUD.replace("addresses:\n", OUTSIDE, 1))
    assert apply(rack, export(rack)) == []
    (public,) = _outside(rack.ctx())
    assert (public.name, public.cidr, public.gateway, public.vlan) == ("public", "203.0.113.0/24", "203.0.113.1", 7)
    assert public.pools == (("203.0.113.20", "203.0.113.30"), ("203.0.113.150", "203.0.113.200"))
    networks.delete_range(rack.ctx(), "public", "203.0.113.20")
    assert _outside(rack.ctx())[0].pools == (("203.0.113.150", "203.0.113.200"),), "what was kept is known to be old"


@pytest.mark.parametrize(("old", "new"), [("    exclusive: true\n", ""), ("external", "tunnel")])
def test_servers_have_addresses_only_of_a_network_outside_that_is_kept_for_their_cluster(rack, old: str, new: str) -> None:
    document = CLOUD.replace("addresses:\n", OUTSIDE.replace(old, new, 1), 1)
    said = mistakes(rack, document)
    assert said and all("kept for one cluster" in text for _line, _path, text in said), said
