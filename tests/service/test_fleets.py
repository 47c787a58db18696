"""Snapshots of clusters: their revision grows with everything they read, and they are made once for each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from sqlalchemy import delete, event, inspect, select, update
from test_path import NOBODY, discovered, prepare

from oci.adapters.files import roles as role_files
from oci.adapters.files.roles import RoleFiles
from oci.app import APPLIANCE
from oci.db import tables
from oci.db.revision import SOURCES
from oci.problems import Conflict, NotFound
from oci.records.clusters import fleets, names
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.machines.machines import AssignIn
from oci.services.activity import tick
from oci.services.clusters import clusters, roles
from oci.services.machines import verbs
from oci.services.path import puppet, works
from oci.services.usecase import usecase


@pytest.fixture
def site(world):
    """A cluster with two machines, and another with none."""
    prepare(world)
    clusters.create_cluster(world.ctx(), ClusterIn(name="c2", domain="two.test", network="prov"))
    for number in (1, 2):
        verbs.enrol(world.ctx(), f"52:54:00:77:03:{number:02x}")
        verbs.assign(world.ctx(), str(number), AssignIn(cluster="c1", role="compute"))
    return world


def assigned(world, machine_id: int = 1) -> str:
    with world.appliance.make_session() as db:
        return db.scalar(select(tables.Assignment.fqdn).where(tables.Assignment.machine_id == machine_id))


def revisions(world) -> dict[str, int]:
    with world.appliance.make_session() as db:
        rows = db.execute(select(tables.Cluster.id, tables.Cluster.revision)).tuples()
        return {f"c{number}": revision for number, revision in rows}  # by id: a name may be what changes


def grown(world, change) -> set[str]:
    """The clusters whose revision grows with `change(session)`, committed."""
    before = revisions(world)
    with world.appliance.make_session() as db:
        change(db)
        db.commit()
    return {name for name, revision in revisions(world).items() if revision > before.get(name, 0)}


def another(column, old: object) -> object:
    """A value that the column may have and does not: the second machine, network or cluster where it must be one."""
    if column.foreign_keys:
        return 2
    text = f"x{old}"[: getattr(column.type, "length", None)]  # PostgreSQL takes no longer one
    return {str: text, int: int(old) + 7 if isinstance(old, int) else 0, dict: {"name": "sdz"}}[column.type.python_type]


def first(db, table):
    return db.scalars(select(table).order_by(*inspect(table).primary_key)).first()


def second_network(db) -> None:
    db.add(tables.Network(name="more", purpose="storage", cidr="10.78.0.0/24"))


EACH = [(table, name) for table, columns in SOURCES.items() for name in columns]


@pytest.mark.parametrize(("table", "name"), EACH, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_a_change_of_anything_that_a_snapshot_reads_lets_the_revision_grow(site, table, name) -> None:
    def prepare_second(db) -> None:
        second_network(db)
        machine = tables.Machine(name="spare", state="discovered", state_since=1.0, created=1.0, inventory={})
        db.add(machine)
        db.add(tables.Setting(cluster_id=1, role="compute", name="apt_suite", value="sid"))
        db.add(tables.Setting(machine_id=1, name="apt_suite", value="sid"))

    grown(site, prepare_second)

    def change(db) -> None:
        row = first(db, table) if (table, name) != (tables.Setting, "machine_id") else db.get(tables.Setting, 2)
        column = inspect(table).columns[name]
        spare = {"machine_id": 3}.get(name)
        setattr(row, name, spare or another(column, getattr(row, name)))

    assert "c1" in grown(site, change)


@pytest.mark.parametrize("table", SOURCES, ids=lambda table: table.__name__)
def test_statements_over_many_rows_let_it_grow_as_well(site, table) -> None:
    column = SOURCES[table][-1]
    assert grown(site, lambda db: db.execute(update(table).values({column: getattr(table, column)}))) == {"c1", "c2"}
    if table in (tables.Address, tables.Assignment, tables.Setting):
        assert grown(site, lambda db: db.execute(delete(table))) == {"c1", "c2"}


@pytest.mark.parametrize("table", [tables.Address, tables.Assignment, tables.Machine], ids=lambda t: t.__name__)
def test_a_row_that_goes_lets_only_its_own_cluster_grow(site, table) -> None:
    if table is tables.Machine:
        assert grown(site, lambda db: db.delete(first(db, table))) == {"c1"}
    else:
        assert grown(site, lambda db: db.delete(first(db, table))) == {"c1"}


def test_a_setting_lets_the_cluster_grow_that_it_is_of_or_its_machine_is_in(site) -> None:
    assert grown(site, lambda db: db.add(tables.Setting(cluster_id=2, name="apt_suite", value="sid"))) == {"c2"}
    assert grown(site, lambda db: db.add(tables.Setting(machine_id=2, name="apt_suite", value="sid"))) == {"c1"}
    verbs.unassign(site.ctx(), "2")
    assert grown(site, lambda db: db.delete(db.get(tables.Setting, 2))) == set(), "its machine is in no cluster"
    assert grown(site, lambda db: setattr(db.get(tables.Setting, 1), "cluster_id", 1)) == {"c1", "c2"}


def test_rows_that_come_let_it_grow(site) -> None:
    assert grown(site, second_network) == {"c1", "c2"}
    assert grown(site, lambda db: db.add(tables.Address(network_id=2, ip="10.78.0.11", machine_id=1))) == {"c1"}
    verbs.enrol(site.ctx(), "52:54:00:77:03:09")
    before = revisions(site)
    verbs.assign(site.ctx(), "3", AssignIn(cluster="c2", role="compute"))
    after = revisions(site)
    assert after["c1"] == before["c1"] and after["c2"] > before["c2"]
    verbs.unassign(site.ctx(), "3")
    assert revisions(site)["c2"] > after["c2"]


def test_a_refused_use_case_lets_nothing_grow(site) -> None:
    before = revisions(site)
    with pytest.raises(Conflict):
        verbs.assign(site.ctx(), "1", AssignIn(cluster="c1", role="compute", address="10.77.0.1"))
    assert revisions(site) == before


def test_what_machines_do_all_day_lets_nothing_grow(site) -> None:
    before = revisions(site)
    puppet.classify(site.ctx(APPLIANCE), assigned(site))
    puppet.asked(site.ctx(APPLIANCE), assigned(site))
    puppet.report(site.ctx(APPLIANCE), assigned(site), {"status": "unchanged"})
    verbs.enrol(site.ctx(), "52:54:00:77:03:0a")
    tick.machines(site.ctx(APPLIANCE))
    grown(site, lambda db: db.execute(update(tables.Pulse).values(seen=1.0)))
    assert revisions(site) == before


class Counted:
    """The SQL that an engine is asked while this is entered."""

    def __init__(self, world) -> None:
        self.engine, self.said = world.appliance.make_session.kw["bind"], []

    def __enter__(self) -> Counted:
        event.listen(self.engine, "before_cursor_execute", self._hear)
        return self

    def _hear(self, _connection, _cursor, statement: str, *_more) -> None:
        self.said.append(statement)

    def __exit__(self, *_why) -> None:
        event.remove(self.engine, "before_cursor_execute", self._hear)


def test_a_snapshot_reads_nothing_that_its_revision_does_not_grow_with(site) -> None:
    fqdn = assigned(site)
    grown(site, second_network)  # so that it is made anew
    with Counted(site) as sql:
        puppet.classify(site.ctx(APPLIANCE), fqdn)
    allowed = {f"{table.__tablename__}.{name}" for table, names in SOURCES.items() for name in (*names, "id")}
    read = set(
        re.findall(r"\b(?:cluster|network|assignment|address|machine|setting|authority)\.[a-z_]+", " ".join(sql.said))
    )
    assert read and read <= allowed | {"cluster.revision", "authority.cluster_id", "assignment.pinned"}
    assert len(sql.said) <= 9, (
        "BEGIN, whose it is, one for each of SOURCES, and the virtual addresses; addresses come with their networks"
    )


def test_a_classification_is_one_statement_until_something_changes(site) -> None:
    fqdn = assigned(site)
    text = puppet.classify(site.ctx(APPLIANCE), fqdn)
    with Counted(site) as sql:
        assert puppet.classify(site.ctx(APPLIANCE), fqdn) == text
        assert puppet.classify(site.ctx(APPLIANCE), assigned(site, 2)) != text
    assert len([s for s in sql.said if s.startswith("SELECT")]) == 3, "one each, and one that this test asks"
    grown(site, lambda db: setattr(first(db, tables.Address), "ip", "10.77.0.99"))
    assert "10.77.0.99" in puppet.classify(site.ctx(APPLIANCE), fqdn)


@usecase("test.read-and-fail", "appliance")
def _read_and_fail(ctx) -> None:
    row = ctx.db.scalars(select(tables.Assignment)).first()
    row.hostname = "never"
    ctx.db.flush()
    revision = ctx.db.scalar(select(tables.Cluster.revision).where(tables.Cluster.id == row.cluster_id))
    found = fleets.fleet(ctx, row.cluster_id, revision)
    assert "never" in {m.hostname for m in found.members}
    raise Conflict("rolled back")


def test_what_was_rolled_back_is_in_no_snapshot(site) -> None:
    puppet.classify(site.ctx(APPLIANCE), assigned(site))
    with pytest.raises(Conflict):
        _read_and_fail(site.ctx(APPLIANCE))
    grown(site, lambda db: setattr(db.get(tables.Machine, 2), "cores", 8))  # the revision that was rolled back, once more

    @usecase("test.hosts", "appliance", reads=True)
    def hosts(ctx) -> dict[str, int]:
        revision = ctx.db.scalar(select(tables.Cluster.revision).where(tables.Cluster.name == "c1"))
        return {m.hostname: m.cores for m in fleets.fleet(ctx, 1, revision).members}

    assert hosts(site.ctx(APPLIANCE)) == {"compute1": 0, "compute2": 8}


def test_a_member_has_all_that_it_holds_by_purpose_and_use(site) -> None:
    def more(db) -> None:
        second_network(db)
        db.flush()
        db.add(tables.Address(network_id=2, ip="10.78.0.11", machine_id=1))
        machine = db.get(tables.Machine, 1)
        machine.memory_bytes, machine.cores, machine.disk_last = 1 << 30, 4, {"name": "sda"}

    grown(site, more)

    @usecase("test.snapshot", "appliance", reads=True)
    def snapshot(ctx):
        revision = ctx.db.scalar(select(tables.Cluster.revision).where(tables.Cluster.name == "c1"))
        return fleets.fleet(ctx, 1, revision)

    found = snapshot(site.ctx(APPLIANCE))
    one = found.member(1)
    assert len(found.members) == 2, "a second address makes no second member"
    assert (one.address(), one.address("storage"), one.disks) == ("10.77.0.11", "10.78.0.11", (("system", "sda"),))
    assert (one.memory_bytes, one.cores) == (1 << 30, 4)
    assert [n.purpose for n in found.networks] == ["provisioning", "storage"]


def test_a_preview_of_a_machine_without_a_role_says_what_to_do(site) -> None:
    verbs.enrol(site.ctx(), "52:54:00:77:03:11")
    with pytest.raises(Conflict, match="assign it to a cluster first"):
        puppet.preview_classification(site.ctx(), "3")
    with pytest.raises(NotFound):
        puppet.preview_classification(site.ctx(), "nobody")


# -- role files that change


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "roles.d"
    made.mkdir()
    return made


def cache(title: str) -> str:
    return f"name: cache\ntitle: {title}\nprofiles: [profile::base, acme::cache]\n"


def test_a_role_file_is_noticed_without_a_restart_whatever_becomes_of_it(site, folder, monkeypatch) -> None:
    monkeypatch.setattr(role_files, "SETTLED_SECONDS", 0)
    site.outside(role_files=RoleFiles(folder))
    titles = lambda: {r.name: r.title for r in roles.list_roles(site.ctx()).roles}  # noqa: E731
    assert "cache" not in titles()
    (folder / "cache.yaml").write_text(cache("Cold"))
    assert titles()["cache"] == "Cold"
    (folder / "cache.yaml").write_text(cache("Warm"))  # as long as before
    assert titles()["cache"] == "Warm"
    verbs.enrol(site.ctx(), "52:54:00:77:03:12")
    fqdn = verbs.assign(site.ctx(), "3", AssignIn(cluster="c1", role="cache")).fqdn
    assert list(yaml.safe_load(puppet.classify(site.ctx(APPLIANCE), fqdn))["classes"]) == ["profile::base", "acme::cache"]
    (folder / "cache.yaml").write_text(cache("Warm").replace("acme::cache", "acme::stash"))
    assert list(yaml.safe_load(puppet.classify(site.ctx(APPLIANCE), fqdn))["classes"]) == ["profile::base", "acme::stash"]
    (folder / "cache.yaml").write_text("name: cache\nprofiles: []\n")
    assert "cache" not in titles() and any("needs profiles" in t for t in site.ctx().outside.troubles)
    (folder / "cache.yaml").unlink()
    assert "cache" not in titles() and site.ctx().outside.troubles == ()
    with pytest.raises(Conflict, match="no role file"):
        puppet.classify(site.ctx(APPLIANCE), fqdn)
    verbs.enrol(site.ctx(), "52:54:00:77:03:13")
    other = verbs.assign(site.ctx(), "4", AssignIn(cluster="c1", role="network")).fqdn
    assert "profile::base" in puppet.classify(site.ctx(APPLIANCE), other)


def test_role_files_are_read_once_as_long_as_nothing_changes(folder, monkeypatch) -> None:
    (folder / "cache.yaml").write_text(cache("Cold"))
    monkeypatch.setattr(role_files, "SETTLED_SECONDS", 0)
    read, times = role_files.read, []
    monkeypatch.setattr(role_files, "read", lambda extra: times.append(extra) or read(extra))
    files = RoleFiles(folder)
    known = [files() for _ in range(5)]
    assert len(times) == 1 and all(roles is known[0][0] for roles, _wrong in known)
    (folder / "README").write_text("no role\n")
    assert files()[0] is known[0][0] and len(times) == 2, "the same roles stay the same object"


def test_a_file_that_was_written_a_moment_ago_is_looked_at_again(folder, monkeypatch) -> None:
    (folder / "cache.yaml").write_text(cache("Cold"))
    monkeypatch.setattr(role_files, "SETTLED_SECONDS", 3600)
    read, times = role_files.read, []
    monkeypatch.setattr(role_files, "read", lambda extra: times.append(extra) or read(extra))
    files = RoleFiles(folder)
    assert files()[0] is files()[0] and len(times) == 2


# -- names


@pytest.fixture
def served(site):
    """The site with a DHCP range on its network, without which dnsmasq's configuration cannot be made."""
    site.set(dhcp_first="10.77.0.230", dhcp_last="10.77.0.240")
    return site


def test_the_dns_server_is_told_every_machine_and_who_serves_them(served) -> None:
    tick.dhcp(served.ctx(APPLIANCE))
    lines = served.dhcp.text.splitlines()
    assert "port=53" in lines and "dhcp-option=option:dns-server,10.77.0.1" in lines
    assert "host-record=puppet.lab.test,10.77.0.1" in lines
    assert "host-record=compute1.lab.test,10.77.0.11" in lines and "host-record=compute2.lab.test,10.77.0.12" in lines
    assert {"local=/lab.test/", "local=/two.test/"} <= set(lines)
    verbs.unassign(served.ctx(), "1")
    tick.dhcp(served.ctx(APPLIANCE))
    assert "compute1.lab.test" not in served.dhcp.text and "compute2.lab.test" in served.dhcp.text


def test_names_are_read_once_for_each_revision(served) -> None:
    tick.dhcp(served.ctx(APPLIANCE))
    with Counted(served) as sql:
        tick.dhcp(served.ctx(APPLIANCE))
    assert not [s for s in sql.said if "assignment" in s]


def test_a_site_with_dns_servers_of_its_own_keeps_them(served) -> None:
    served.set(dns_servers=["10.9.9.9"])
    tick.dhcp(served.ctx(APPLIANCE))
    assert "dhcp-option=option:dns-server,10.9.9.9" in served.dhcp.text and "host-record=compute1" in served.dhcp.text


def test_dns_can_be_left_to_another_server_of_this_host(served) -> None:
    served.set(dns_serve=False)
    tick.dhcp(served.ctx(APPLIANCE))
    assert "port=0" in served.dhcp.text and "host-record" not in served.dhcp.text
    assert names.dns_servers(served.ctx()) == ()


def test_an_installed_machine_is_told_the_appliance_as_its_dns_server(world) -> None:
    prepare(world)
    boot = discovered(world)
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    verbs.install(world.ctx(), "1")
    assert works.claim(world.ctx(NOBODY), boot, "install")["DNS"] == "10.77.0.1"
