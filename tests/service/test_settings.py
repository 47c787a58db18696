"""Settings of clusters, roles and machines: each takes effect at each scope, each value says who says so."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
import yaml
from fleets import ROLES
from sqlalchemy import delete, func, select
from test_path import MAC, NOBODY, beat, discovered, prepare

from oci.adapters.files.secrets import FileSealer
from oci.app import APPLIANCE
from oci.db import tables
from oci.domain.cluster.settings import SETTINGS
from oci.problems import Conflict, NotFound, Problem
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import AddressIn
from oci.schemas.clusters.settings import ScopeIn, SettingIn, SettingOut
from oci.schemas.machines.conflicts import MergeIn
from oci.schemas.machines.machines import AssignIn, BmcIn
from oci.services.activity import site_troubles, tick
from oci.services.clusters import addresses, clusters, settings
from oci.services.deploy import looks
from oci.services.machines import conflicts, look, verbs
from oci.services.path import boots, puppet, works

OTHER = "52:54:00:77:00:02"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{} olga@example"
CRYPT = "$6$salt$" + 30 * "{}"
SCOPES = {
    "cluster": {"cluster": "c1"},
    "role": {"cluster": "c1", "role": "compute"},
    "machine": {"machine": "1"},
}


@pytest.fixture
def site(world):
    """Machine 1 is compute1 of c1 and was seen, machine 2 is controller1 of c1; c2 has none."""
    prepare(world)
    clusters.create_cluster(world.ctx(), ClusterIn(name="c2", domain="two.test", network="prov"))
    discovered(world)
    verbs.enrol(world.ctx(), OTHER)
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    verbs.assign(world.ctx(), "2", AssignIn(cluster="c1", role="controller"))
    return world


OF_OTHERS = {"cluster": "c1", "role": "controller"}


def put(world, name: str, value: str, **scope: str) -> SettingOut:
    where = {"secret" if SETTINGS[name].secret else "value": value}
    return settings.set_setting(world.ctx(), name, SettingIn(**where, **scope))


def unset(world, name: str, **scope: str) -> SettingOut:
    return settings.unset_setting(world.ctx(), name, ScopeIn(**scope))


def shown(world, name: str, **scope: str) -> SettingOut:
    listed = settings.list_settings(world.ctx(), ScopeIn(**scope)).settings
    return next(one for one in listed if one.name == name)


def events(world, kind: str) -> list[str]:
    with world.appliance.make_session() as db:
        return list(db.scalars(select(tables.Event.text).where(tables.Event.kind == kind).order_by(tables.Event.id)))


def show(world, name: str = "1"):
    return look.show(world.ctx(), name)


# -- what each has an effect on


def ordered(world) -> str:
    """Order an install of machine 1, which waits in the live image; the token of its boot."""
    if show(world).state in ("installing", "configuring"):
        verbs.abort(world.ctx(), "1")
    world.clock.now += 100
    token = discovered(world)
    verbs.install(world.ctx(), "1")
    return token


def claimed(world) -> dict[str, str]:
    return works.claim(world.ctx(NOBODY), ordered(world), "install")


def classified(world) -> dict[str, object]:
    return yaml.safe_load(puppet.classify(world.ctx(APPLIANCE), "compute1.lab.test"))["classes"]["profile::base"]


def with_front(world, host: str) -> dict[str, Any]:
    """The classes of the machine `host`, in a cluster that has a front."""
    world.outside(roles=dict(ROLES))
    if not [one for one in addresses.list_addresses(world.ctx(), "prov").addresses if one.vip]:
        addresses.hold_address(world.ctx(), "prov", AddressIn(address="10.77.0.100", vip="api", cluster="c1"))
    classes: dict[str, Any] = yaml.safe_load(puppet.classify(world.ctx(APPLIANCE), f"{host}.lab.test"))["classes"]
    return classes


def of_cloud(profile: str, *path: str):
    """What holds for the services of a cloud is seen in a parameter of one of its profiles, as text."""

    def check(world, value: str) -> None:
        held = with_front(world, "compute1")[profile]
        for name in path:
            held = held[name]
        assert str(held) == value

    return check


def declared_flavors(world, value: str) -> None:
    told = with_front(world, "controller1")["profile::nova"]["flavors"]
    words = (f"{name}:{each['vcpus']}:{each['ram']}:{each['disk']}" for name, each in told.items())
    assert sorted(words) == sorted(value.split())


def log_level(world, value: str) -> None:
    of_cloud("profile::nova::compute", "cloud", "debug")(world, str(value == "debug"))


def workers(world, value: str) -> None:
    of_cloud("profile::nova::compute", "cloud", "workers")(world, "1" if value == "0" else value)


def is_silent_after(world, seconds: int) -> None:
    start, told = world.clock.now, len(events(world, "machine.silent"))
    for after, more in ((seconds - 1, 0), (seconds + 1, 1)):
        world.clock.now = start + after
        tick.machines(world.ctx(APPLIANCE))
        assert len(events(world, "machine.silent")) == told + more, f"after {after} s"


def time_servers(world, value: str) -> None:
    assert claimed(world)["NTP"] == value and classified(world)["ntp_servers"] == value.split()


def name_servers(world, value: str) -> None:
    assert claimed(world)["DNS"] == value


def keys(world, value: str) -> None:
    assert claimed(world)["SSH_KEYS"] == value and classified(world)["ssh_authorized_keys"] == value.splitlines()


def root(world, value: str) -> None:
    assert claimed(world)["ROOT_HASH"] == value


def arguments(world, value: str) -> None:
    assert claimed(world)["KERNEL_ARGS"] == value
    verbs.abort(world.ctx(), "1")
    assert f"{value} || goto failed" in boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC))


def of_apt(name: str):
    def check(world, value: str) -> None:
        assert classified(world)[name] == value

    return check


def tries(world, value: str) -> None:
    token = ordered(world)
    for number in range(int(value)):
        assert show(world).state == "installing", number
        works.failed(world.ctx(NOBODY), works.claim(world.ctx(NOBODY), token, "install")["TOKEN"], "stream", "x")
    assert show(world).state == "failed"


def while_installing(world, value: str) -> None:
    claimed(world)
    assert show(world).deadline == world.clock.now + int(value)


def while_configuring(world, value: str) -> None:
    works.done(world.ctx(NOBODY), claimed(world)["TOKEN"])
    assert show(world).deadline == world.clock.now + int(value)


def in_all(world, value: str) -> None:
    world.set(install_seconds=10**6)
    while_installing(world, value)


def silence(world, value: str) -> None:
    claimed(world)
    is_silent_after(world, int(value))


def silence_of_the_first_boot(world, value: str) -> None:
    token = claimed(world)["TOKEN"]
    works.done(world.ctx(NOBODY), token)
    works.phase(world.ctx(NOBODY), token, "firstboot", 0, "")
    is_silent_after(world, int(value))


def silence_of_the_firmware(world, value: str) -> None:
    ordered(world)
    is_silent_after(world, int(value))


def hours_between_looks(world, value: str) -> None:
    """In two days an active machine that polls is looked at as often as that says."""
    with world.appliance.make_session() as db:
        db.get(tables.Machine, 1).state = "active"
        db.get(tables.Assignment, 1).poll_hash = "x"
        db.merge(tables.Look(machine_id=1, asked=world.clock.now, looks=0))
        db.commit()
    count = 0
    for _ in range(96):
        world.clock.now += 1800
        with world.appliance.make_session() as db:
            db.get(tables.Pulse, 1).seen = world.clock.now
            db.execute(delete(tables.RunOrder))
            db.commit()
        looks.advance(world.ctx(APPLIANCE))
        with world.appliance.make_session() as db:
            count += db.scalar(select(func.count()).select_from(tables.RunOrder).where(tables.RunOrder.machine_id == 1))
    assert count == 0 if value == "0" else abs(count - 48 // int(value)) <= 1, count


# By setting: what shows its effect, and what is set for cluster, role and machine.
EFFECT = {
    "ntp_servers": (time_servers, "10.0.0.1 ntp.example.net", "10.0.0.2", "10.0.0.3"),
    "dns_servers": (name_servers, "10.0.0.1 fd00::1", "10.0.0.2", "10.0.0.3"),
    "ssh_authorized_keys": (keys, f"{KEY.format(1)}\n{KEY.format(2)}", "", KEY.format(3)),
    "root_password_hash": (root, CRYPT.format(*"a" * 30), CRYPT.format(*"b" * 30), CRYPT.format(*"c" * 30)),
    "kernel_args": (arguments, "console=ttyS1", "console=tty0 console=ttyS2,9600", "quiet"),
    "apt_uri": (of_apt("apt_uri"), "http://one.test/debian", "https://two.test", "http://10.0.0.9/debian"),
    "apt_suite": (of_apt("apt_suite"), "trixie trixie-updates", "sid", "bookworm"),
    "apt_components": (of_apt("apt_components"), "main contrib", "main non-free-firmware", "contrib"),
    "region": (of_cloud("profile::nova::compute", "cloud", "region"), "north", "", "south"),
    "virt_type": (of_cloud("profile::nova::compute", "virt_type"), "qemu", "kvm", "qemu"),
    "datapath_type": (of_cloud("profile::ovn::controller", "datapath_type"), "netdev", "system", "netdev"),
    "external_interface": (of_cloud("profile::ovn::controller", "interface"), "eth1", "eth2", "eth3"),
    "flavors": (declared_flavors, "a:1:512:1 b:2:1024:0", "", "c:1:1:1"),
    "log_level": (log_level, "debug", "info", "debug"),
    "api_workers": (workers, "4", "3", "2"),
    "drift_hours": (hours_between_looks, "6", "0", "3"),
    "attempts": (tries, "2", "4", "1"),
    "install_seconds": (while_installing, "7200", "600", "9000"),
    "configure_seconds": (while_configuring, "600", "9000", "1200"),
    "longest_seconds": (in_all, "6000", "700", "100000"),
    "silence_seconds": (silence, "40", "300", "60"),
    "firstboot_silence_seconds": (silence_of_the_first_boot, "100", "1000", "300"),
    "first_sign_seconds": (silence_of_the_firmware, "700", "2000", "900"),
}
DEFAULTS = {"dns_servers": "10.77.0.1"}


def test_every_setting_has_an_effect_here() -> None:
    assert set(EFFECT) == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_each_takes_effect_at_each_scope_and_the_narrower_wins(site, name) -> None:
    check, *values = EFFECT[name]
    config = getattr(site.appliance.config, name)
    default = DEFAULTS.get(name) or (" ".join(config) if isinstance(config, list) else str(config))
    origins = ["cluster c1", "role compute of cluster c1", "machine compute1.lab.test"]
    may = SETTINGS[name].scopes
    for scope, where in (("cluster", {"cluster": "c2"}), ("role", OF_OTHERS), ("machine", {"machine": "2"})):
        if scope in may:
            put(site, name, values[2], **where)  # somebody else's
    check(site, default)
    for (scope, where), value, origin in zip(SCOPES.items(), values, origins, strict=True):
        if scope not in may:
            with pytest.raises(Problem, match=f"cannot be set for a {scope}"):
                put(site, name, values[2], **where)
            continue
        made = put(site, name, value, **where)
        assert (made.here, made.origin, made.value) == (True, origin, "***" if made.secret else value), scope
        assert shown(site, name, machine="1").origin == origin
        check(site, value)
    for scope, value, origin in (("machine", values[1], origins[1]), ("role", values[0], origins[0])):
        if scope not in may:
            continue
        assert (made := unset(site, name, **SCOPES[scope])).origin == origin and not made.here
        check(site, value)
    assert unset(site, name, cluster="c1").origin in ("default", "configuration")
    check(site, default)


# -- what is told


def test_a_list_tells_who_says_so_and_what_else_is_said(site) -> None:
    site.set(apt_suite="sid")
    put(site, "apt_suite", "forky", cluster="c1")
    put(site, "apt_suite", "trixie", cluster="c1", role="compute")
    put(site, "apt_suite", "bookworm", machine="2")
    whole = shown(site, "apt_suite")
    assert (whole.value, whole.origin, whole.here) == ("sid", "configuration", False)
    assert shown(site, "apt_components").origin == "default"
    cluster = shown(site, "apt_suite", cluster="c1")
    assert (cluster.value, cluster.otherwise, cluster.otherwise_origin) == ("forky", "sid", "configuration")
    assert cluster.narrower == ["role compute", "machine controller1.lab.test"]
    role = shown(site, "apt_suite", cluster="c1", role="compute")
    assert (role.value, role.otherwise_origin, role.narrower) == ("trixie", "cluster c1", [])
    machine = shown(site, "apt_suite", machine="controller1")
    assert (machine.value, machine.origin) == ("bookworm", "machine controller1.lab.test")
    assert (machine.otherwise, machine.otherwise_origin) == ("forky", "cluster c1")
    assert shown(site, "apt_suite", machine="1").origin == "role compute of cluster c1"
    assert shown(site, "apt_suite", cluster="c2").origin == "configuration"


def test_a_list_is_few_statements_however_many_machines_there_are(site) -> None:
    from test_pulse import counting

    with counting(site) as few:
        shown(site, "attempts", cluster="c1")
    for number in range(3, 9):
        verbs.enrol(site.ctx(), f"52:54:00:77:00:{number:02x}")
        verbs.assign(site.ctx(), str(number), AssignIn(cluster="c1", role="compute"))
        put(site, "attempts", "5", machine=str(number))
    with counting(site) as many:
        assert len(shown(site, "attempts", cluster="c1").narrower) == 6
    assert len(many.statements) == len(few.statements)


def test_setting_the_same_twice_is_one_change(site) -> None:
    for _ in range(2):
        put(site, "apt_suite", " forky ", cluster="c1")
        put(site, "root_password_hash", CRYPT.format(*"a" * 30), cluster="c1")
    unset(site, "apt_suite", cluster="c1")
    assert events(site, "setting.set") == [
        "apt_suite of cluster c1 is forky, was trixie (default)",
        "root_password_hash of cluster c1 is set",
    ]
    assert events(site, "setting.unset") == ["apt_suite of cluster c1 is trixie again (default)"]
    with pytest.raises(NotFound, match=r"apt_suite is not set for cluster c1; it comes from: default"):
        unset(site, "apt_suite", cluster="c1")


def test_a_secret_goes_in_and_to_its_machine_and_nowhere_else(site, caplog) -> None:
    worth = CRYPT.format(*"s" * 30)
    made = put(site, "root_password_hash", worth, machine="1")
    listed = settings.list_settings(site.ctx(), ScopeIn(machine="1")).model_dump_json()
    with pytest.raises(Problem) as refused:
        put(site, "root_password_hash", "sesame-4711", machine="1")
    with site.appliance.make_session() as db:
        rows = [*db.scalars(select(tables.Setting)), *db.scalars(select(tables.Event))]
        kept = repr([{c.name: getattr(row, c.name) for c in row.__table__.columns} for row in rows])
    everywhere = kept + listed + made.model_dump_json() + caplog.text + str(refused.value)
    assert worth not in everywhere and "sesame" not in everywhere and made.value == "***"
    assert worth not in puppet.classify(site.ctx(APPLIANCE), "compute1.lab.test")
    assert claimed(site)["ROOT_HASH"] == worth


def test_a_secret_whose_key_is_lost_ends_an_install_with_the_reason(site, tmp_path) -> None:
    put(site, "root_password_hash", CRYPT.format(*"s" * 30), machine="1")
    site.outside(sealer=FileSealer(tmp_path / "another.key", make=True))
    token = ordered(site)
    with pytest.raises(Conflict, match="root_password_hash: a stored secret cannot be read"):
        works.claim(site.ctx(NOBODY), token, "install")
    assert show(site).state == "failed" and "enter the secret again" in show(site).reason
    put(site, "root_password_hash", CRYPT.format(*"t" * 30), machine="1")
    assert claimed(site)["ROOT_HASH"] == CRYPT.format(*"t" * 30)


@pytest.mark.parametrize(
    ("name", "order", "kind", "says"),
    [
        ("none", {"cluster": "c1", "value": "1"}, NotFound, "no setting is called 'none'; `ocicli setting list`"),
        ("attempts", {"value": "2"}, Problem, "configuration file, as attempts; .* --machine"),
        ("attempts", {"role": "compute", "value": "2"}, Problem, "is one of a cluster"),
        ("attempts", {"cluster": "c1", "machine": "1", "value": "2"}, Problem, "in whichever cluster and role it is"),
        ("attempts", {"cluster": "c9", "value": "2"}, NotFound, "no cluster is called 'c9'"),
        ("attempts", {"machine": "c9", "value": "2"}, NotFound, "no machine is called 'c9'"),
        ("attempts", {"cluster": "c1", "role": "none", "value": "2"}, Conflict, "no role file"),
        ("attempts", {"cluster": "c1", "value": "many"}, Problem, "attempts .* whole number"),
        ("ssh_authorized_keys", {"cluster": "c1"}, Problem, "needs a value; it must be public SSH keys"),
        ("attempts", {"cluster": "c1", "value": "21"}, Problem, "from 1 to 20"),
        ("attempts", {"cluster": "c1", "secret": "2"}, Problem, "is no secret; give it as `value`"),
        ("root_password_hash", {"cluster": "c1", "value": "x"}, Problem, "is a secret.* as `secret`"),
    ],
)
def test_what_cannot_be_set_is_refused_in_words_and_nothing_is_kept(site, name, order, kind, says) -> None:
    with pytest.raises(Problem, match=says) as refused:
        settings.set_setting(site.ctx(), name, SettingIn(**order))
    assert type(refused.value) is kind and events(site, "setting.set") == []
    with site.appliance.make_session() as db:
        assert db.scalars(select(tables.Setting)).all() == []


def test_a_setting_may_be_kept_from_a_scope(site, monkeypatch) -> None:
    monkeypatch.setitem(SETTINGS, "attempts", replace(SETTINGS["attempts"], scopes=("cluster",)))
    put(site, "attempts", "2", cluster="c1")
    for where in (SCOPES["role"], SCOPES["machine"]):
        with pytest.raises(Problem, match=r"attempts cannot be set for a .*; it can for a cluster"):
            put(site, "attempts", "2", **where)


# -- what happens around it


def test_a_servers_address_is_nobody_elses(site) -> None:
    site.set(dhcp_mode="dhcp", dhcp_first="10.77.0.200", dhcp_last="10.77.0.239")
    verbs.set_bmc(site.ctx(), "2", BmcIn(address="10.77.0.30", username="admin", password="sesame"))
    for address, says in {"10.77.0.201": "DHCP range", "10.77.0.30": "controller", "10.77.0.11": "machine"}.items():
        with pytest.raises(Conflict, match=f"cannot name {address}: it is .*{says}"):
            put(site, "dns_servers", f"10.0.0.9 {address}", cluster="c2")
        with pytest.raises(Conflict, match=says):
            put(site, "apt_uri", f"http://{address}/debian", machine="1")
    put(site, "dns_servers", "10.77.0.13 10.77.0.1", cluster="c2")
    verbs.enrol(site.ctx(), "52:54:00:77:00:03")
    with pytest.raises(Conflict, match=r"a DNS server of cluster c2 \(setting dns_servers\)"):
        verbs.assign(site.ctx(), "3", AssignIn(cluster="c1", role="compute", address="10.77.0.13"))
    assert verbs.assign(site.ctx(), "3", AssignIn(cluster="c1", role="compute")).address == "10.77.0.14"
    with pytest.raises(Conflict, match="a DNS server of cluster c2"):
        verbs.set_bmc(site.ctx(), "3", BmcIn(address="10.77.0.13", username="admin", password="sesame"))
    site.set(dhcp_first="10.77.0.13", dhcp_last="10.77.0.13")
    site_troubles.tell(site.ctx(APPLIANCE))
    assert "is inside of the DHCP range by now" in " ".join(events(site, "site.trouble"))


def test_a_change_of_patience_moves_the_deadline_of_what_is_at_work_in_its_scope_and_no_other(site) -> None:
    claimed(site)
    verbs.install(site.ctx(), "2")
    other = show(site, "2").deadline
    for value in ("100", "9000"):
        put(site, "install_seconds", value, machine="1")
        assert show(site).deadline == site.clock.now + int(value)
    put(site, "install_seconds", "5000", cluster="c1", role="compute")
    put(site, "install_seconds", "5000", cluster="c2")
    assert show(site, "2").deadline == other
    unset(site, "install_seconds", machine="1")
    assert show(site).deadline == site.clock.now + 5000
    put(site, "install_seconds", "4000", cluster="c1")
    assert show(site, "2").deadline == other + 400 and show(site).deadline == site.clock.now + 5000
    site.clock.now += 4500
    tick.machines(site.ctx(APPLIANCE))
    assert show(site, "2").state == "failed" and show(site).state == "installing"


def test_a_busy_machine_is_written_down_often_enough_for_its_own_silence(site) -> None:
    token = ordered(site)
    put(site, "silence_seconds", "32", machine="1")
    for _ in range(30):
        site.clock.now += 2
        beat(site, token)
        with site.appliance.make_session() as db:
            assert site.clock.now - db.get(tables.Pulse, 1).seen < 16


def test_what_a_machine_has_of_its_own_goes_where_it_goes_until_it_is_retired(site) -> None:
    put(site, "attempts", "7", machine="1")
    put(site, "attempts", "5", cluster="c2")
    verbs.unassign(site.ctx(), "1")
    assert shown(site, "attempts", machine="1").value == "7"
    verbs.assign(site.ctx(), "1", AssignIn(cluster="c2", role="compute"))
    assert shown(site, "attempts", machine="1").otherwise == "5"
    verbs.retire(site.ctx(), "1")
    assert events(site, "setting.unset") == ["attempts of machine-1, which is retired"]
    with pytest.raises(Conflict, match="is retired and does nothing; restore it first"):
        put(site, "attempts", "7", machine="1")
    verbs.restore(site.ctx(), "1")
    assert shown(site, "attempts", machine="1").origin == "default"


def test_a_record_that_takes_another_over_has_what_was_set_for_it_and_keeps_its_own(site) -> None:
    verbs.unassign(site.ctx(), "2")
    put(site, "attempts", "7", machine="1")
    put(site, "attempts", "8", machine="2")
    put(site, "kernel_args", "console=ttyS1", machine="2")
    conflicts.merge(site.ctx(), "1", MergeIn(other="2", confirm="machine-2"))
    assert shown(site, "attempts", machine="1").value == "7"
    assert shown(site, "kernel_args", machine="1").value == "console=ttyS1"
    with site.appliance.make_session() as db:
        assert len(db.scalars(select(tables.Setting)).all()) == 2


@pytest.mark.parametrize(("name", "value"), [("attempts", "lots"), ("silence_seconds", "-1"), ("of_a_later_version", "1")])
def test_what_cannot_be_used_as_it_is_stored_gives_way_to_a_wider_one_and_is_told(site, name, value) -> None:
    with site.appliance.make_session() as db:
        db.add(tables.Setting(cluster_id=1, role="", name=name, value=value))
        db.commit()
    claimed(site)
    tick.machines(site.ctx(APPLIANCE))
    listed = settings.list_settings(site.ctx(), ScopeIn(machine="1")).settings
    assert {one.origin for one in listed} <= {"default", "configuration"}
    site_troubles.tell(site.ctx(APPLIANCE))
    assert any(f"the setting {name} of cluster c1 cannot be used" in text for text in events(site, "site.trouble"))


def test_many_at_once_leave_one_value(site) -> None:
    failed: list[BaseException] = []

    def write(number: int) -> None:
        try:
            put(site, "attempts", str(number), cluster="c1")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "each ends within a minute"
    assert not failed
    with site.appliance.make_session() as db:
        assert len(db.scalars(select(tables.Setting)).all()) == 1


def test_a_classification_changes_with_a_setting_and_only_in_its_cluster(site) -> None:
    def revisions() -> list[int]:
        with site.appliance.make_session() as db:
            return list(db.scalars(select(tables.Cluster.revision).order_by(tables.Cluster.id)))

    puppet.classify(site.ctx(APPLIANCE), "compute1.lab.test")
    first, second = revisions()
    for where in SCOPES.values():
        put(site, "apt_suite", "sid", **where)
    unset(site, "apt_suite", machine="1")
    assert revisions() == [first + 4, second]
    put(site, "apt_suite", "sid", cluster="c2")
    assert revisions() == [first + 4, second + 1]
    assert classified(site)["apt_suite"] == "sid"
