"""Every role's catalogue compiles with Debian's modules, with every setting both ways, for one, three and five controllers.

One process compiles them all; each is also tried as an agent would before it does anything: bad parameters of types and what
waits for itself are found there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from catalogs import PUPPET, WORD, Compiler
from fleets import ROLES, SITE, fleet
from puppet_manifests import profile_file

from lab.containers.room import Room
from oci.domain.cluster.fleet import OUTSIDE, Fleet, Member, Network
from oci.domain.cluster.profiles import packages_of
from oci.domain.cluster.settings import OF_PUPPET
from oci.render.puppet.profiles import PROFILES

SWITCHED: Mapping[str, tuple[Any, Any]] = {
    "region": ("RegionOne", "north"),
    "virt_type": ("kvm", "qemu"),
    "datapath_type": ("system", "netdev"),
    "external_interface": ("", "eth9"),
    "flavors": ((), ("m1.tiny:1:512:1", "m1.small:1:2048:20")),
    "log_level": ("info", "debug"),
    "api_workers": (0, 3),
}
# Of the settings that Puppet is told these are of profile::base, which is tried on machines.
OF_BASE = {"ntp_servers", "ssh_authorized_keys", "apt_uri", "apt_suite", "apt_components"}
WAYS = {"one": 0, "other": 1}
WITH_CLOUD = tuple(name for name, role in ROLES.items() if set(role.profiles) - {"profile::base"})
SIZES = (1, 3, 5)
PUBLIC = Network("public", OUTSIDE, "203.0.113.0/24", "203.0.113.1", vlan=7, pools=(("203.0.113.100", "203.0.113.200"),))
BENCH = Path(__file__).resolve().parents[1] / "bench/modules"


def cloud(role: str, size: int, **settings: Any) -> Fleet:
    """`size` machines that have `role`, or that are controllers of one machine that has it; and one compute more."""
    own = "profile::mariadb" in ROLES[role].profiles
    given = (role,) * size if own else ("controller",) * size + (role,)
    return fleet((*given, "compute"), site=replace(SITE, **settings))


def looked_at(wanted: Fleet, role: str) -> list[Member]:
    """The first and the last member with `role`: those between are as the last."""
    members = wanted.with_role(role)
    return [members[0], members[-1]] if len(members) > 1 else list(members)


@pytest.fixture(scope="module")
def compiler(puppet_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compiler]:
    made = Compiler(puppet_root, tmp_path_factory.mktemp("compiler"))
    yield made
    made.close()


def good(catalog: dict[str, Any]) -> dict[str, Any]:
    """`catalog`, which compiled, says nothing of ours, and prints no secret."""
    assert "error" not in catalog, f"{catalog['error']}\n{catalog['where']}"
    assert catalog["leaks"] == [], "a run would show a secret in these parameters"
    assert catalog["cycles"] == [], "these wait for each other"
    ours = [words for _level, words in catalog["words"] if "/environments/" in words]
    assert ours == []
    return catalog


def test_every_setting_that_puppet_is_told_for_a_cloud_is_switched_both_ways() -> None:
    assert set(SWITCHED) == set(OF_PUPPET) - OF_BASE
    assert all(one != other == getattr(replace(SITE, **{name: other}), name) for name, (one, other) in SWITCHED.items())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("role", WITH_CLOUD)
def test_the_catalogue_of_a_role_compiles(compiler: Compiler, role: str, size: int, way: str) -> None:
    wanted = cloud(role, size, **{name: both[WAYS[way]] for name, both in SWITCHED.items()})
    for member in looked_at(wanted, role):
        assert good(compiler.catalog(wanted, member))["resources"] > 100


@pytest.mark.parametrize("role", sorted(set(ROLES) - set(WITH_CLOUD)))
def test_the_catalogue_of_a_role_with_no_service_compiles(compiler: Compiler, role: str) -> None:
    wanted = fleet((role,))
    good(compiler.catalog(wanted, wanted.members[0]))


@pytest.mark.parametrize("name", SWITCHED)
def test_each_setting_alone_compiles(compiler: Compiler, name: str) -> None:
    wanted = cloud("allinone", 1, **{name: SWITCHED[name][1]})
    good(compiler.catalog(wanted, wanted.members[0], trial=False))


# -- what is in them


class Whole:
    """The resources of one catalogue, with what they are told."""

    def __init__(self, catalog: dict[str, Any]) -> None:
        self.types: dict[str, int] = catalog["types"]
        self._all = {one["ref"]: one["with"] for one in catalog["shown"]}

    def __getitem__(self, ref: str) -> dict[str, Any]:
        found: dict[str, Any] = self._all[ref]
        return found

    def __contains__(self, ref: str) -> bool:
        return ref in self._all

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return {ref[len(kind) + 1 : -1]: told for ref, told in self._all.items() if ref.startswith(f"{kind}[")}


SHOWN = (
    "File",
    "Exec",
    "Service",
    "Package",
    *(f"{project}_config" for project in ("Keystone", "Nova", "Neutron", "Placement", "Glance_api", "Ovn_metadata_agent")),
    *(f"{name}_uwsgi_config" for name in ("Keystone", "Nova_api", "Nova_api_metadata", "Neutron_api", "Placement_api")),
    "Nova_cell_v2",
)


def _whole(compiler: Compiler, wanted: Fleet, member: Member) -> Whole:
    return Whole(good(compiler.catalog(wanted, member, show=SHOWN, trial=False)))


@pytest.fixture(scope="module")
def three(compiler: Compiler) -> dict[str, Whole]:
    """A cloud of three controllers and a compute, by host name."""
    wanted = cloud("controller", 3)
    return {member.hostname: _whole(compiler, wanted, member) for member in wanted.members}


def test_what_a_catalogue_installs_is_in_the_image_of_its_role(three: dict[str, Whole]) -> None:
    """So that the first run of a machine that was installed from it only configures."""
    builder = (PUPPET.parent / "discovery/build").read_text()
    everywhere = set(re.search(r"^root_packages=\((.*?)\)", builder, re.DOTALL | re.MULTILINE)[1].split())  # type: ignore[index]
    for host, role in (("controller1", "controller"), ("controller2", "controller"), ("compute1", "compute")):
        installed = {told.get("name") or title for title, told in three[host].of("Package").items()}
        assert installed - everywhere <= set(packages_of(ROLES[role].profiles, PROFILES)), role


def test_schemas_are_made_by_the_first_member_and_by_nobody_else(three: dict[str, Whole]) -> None:
    """The modules' defaults are true for some services and false for others."""
    made = {
        host: {
            title
            for title, told in whole.of("Exec").items()
            if re.search(r"db.?sync|upgrade heads|nova::cells", title + str(told))
        }
        for host, whole in three.items()
    }
    first = made.pop("controller1")
    assert not any(made.values()), made
    for project in ("keystone", "glance", "placement", "nova-db-sync", "nova-db-sync-api", "nova::cells", "neutron"):
        assert any(project in title for title in first), f"nobody makes the schema of {project}"
    assert "Exec[profile::nova::cells]" not in three["controller2"]


def test_cells_are_told_where_things_are_and_by_no_secret(compiler: Compiler, three: dict[str, Whole]) -> None:
    wanted = cloud("controller", 1)
    one = _whole(compiler, wanted, wanted.with_role("controller")[0])
    path = "File[/usr/lib/oci/oci-cells]"
    assert "QUEUE='{scheme}://{username}:{password}@10.77.1.2:5671/'" in one[path]["content"]
    queue = re.search(r"QUEUE='(.*)'", three["controller1"][path]["content"])
    assert queue and queue[1].count("@") == 3 and "{username1}:{password1}@" in queue[1] and "{username3}" in queue[1]
    for whole in (one, three["controller1"]):
        assert WORD not in whole[path]["content"]
        assert not whole.of("Nova_cell_v2"), "the Puppet server cannot load the type of the module"


def test_no_program_is_ended_by_a_limit_of_puppets_own(three: dict[str, Whole]) -> None:
    """Puppet's default is 300 s, which a busy machine reaches in the middle of a schema, or of what a module does."""
    limits = {title: str(told.get("timeout")) for whole in three.values() for title, told in whole.of("Exec").items()}
    assert "glance-manage db_load_metadefs" in limits, "it is a module's own, and long"
    assert {title: limit for title, limit in limits.items() if limit != "0"} == {}


def test_a_migration_that_was_cut_off_is_begun_again(three: dict[str, Whole]) -> None:
    """The modules migrate only in the run that changed something."""
    for project in ("keystone", "glance", "placement", "nova", "neutron"):
        due, done = (three["controller1"][f"Exec[the schema of {project} is {word}]"] for word in ("due", "done"))
        assert due["unless"] == done["unless"] and project in due["unless"] and "dbsync" in due["notify"]
        assert f"{project}::dbsync::end" in done["require"]
        assert f"Exec[the schema of {project} is due]" not in three["controller2"]


def test_nothing_of_keystones_content_is_puppets(three: dict[str, Whole]) -> None:
    for whole in three.values():
        kinds = {kind for kind in whole.types if kind.startswith(("Keystone_", "Nova_flavor", "Neutron_network"))}
        assert not kinds - {"Keystone_config", "Keystone_uwsgi_config"}, kinds


def test_no_resource_of_the_modules_corrects_a_database(three: dict[str, Whole]) -> None:
    """MariaDB 11 calls utf8 utf8mb3, so that their own would find something to correct in every run."""
    for whole in three.values():
        assert not {kind for kind in whole.types if kind.startswith("Mysql_")}
    sql = three["controller1"]["File[/etc/mysql/oci-owners.sql]"]["content"]
    assert sql.count("CREATE DATABASE IF NOT EXISTS") == 7 == sql.count("CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci")
    assert sql.count("REQUIRE SSL") == 2 * 5
    assert "File[/etc/mysql/oci-owners.sql]" not in three["controller2"]


def test_the_database_does_not_end_transactions_by_snapshots_and_is_reached_by_tls(three: dict[str, Whole]) -> None:
    for host in ("controller1", "controller3"):
        text = three[host]["File[/etc/mysql/mariadb.conf.d/99-oci.cnf]"]["content"]
        for line in ("innodb_snapshot_isolation = OFF", "require_secure_transport = ON", "wsrep_on = ON"):
            assert line in text.splitlines()
        assert "socket.ssl=yes" in text and text.endswith("\n")
    connections = [
        told["value"]
        for kind in ("Keystone_config", "Nova_config", "Neutron_config", "Placement_config", "Glance_api_config")
        for title, told in three["controller1"].of(kind).items()
        if title in ("database/connection", "api_database/connection", "placement_database/connection")
        and "SERVICE DEFAULT" not in str(told.get("value"))
    ]
    assert len(connections) == 6
    for connection in connections:
        assert re.fullmatch(r"mysql\+pymysql://\w+:\w+@api\.lab\.test/\w+\?charset=utf8&ssl_ca=/etc/ssl/\S+", connection)


def test_one_alone_begins_a_cluster_at_each_start_and_of_several_only_the_first(
    compiler: Compiler, three: dict[str, Whole]
) -> None:
    wanted = cloud("controller", 1)
    one = _whole(compiler, wanted, wanted.with_role("controller")[0])
    join = "Exec[profile::mariadb becomes a member]"
    cnf = "File[/etc/mysql/mariadb.conf.d/99-oci.cnf]"
    assert "wsrep_cluster_address = gcomm://\n" in one[cnf]["content"]
    assert "galera_new_cluster" not in one[join]["command"] + three["controller2"][join]["command"]
    assert "galera_new_cluster" in three["controller1"][join]["command"]
    assert one[join]["command"] == "/usr/bin/systemctl restart mariadb", "what is there already is the cluster's"
    for whole in (one, *(three[f"controller{i}"] for i in (1, 2, 3))):
        assert whole[join]["creates"] == "/var/lib/mysql/grastate.dat", "never a second time"


def test_the_queue_listens_by_tls_only_and_the_first_waits_for_nobody(three: dict[str, Whole]) -> None:
    texts = {h: three[h]["File[/etc/rabbitmq/rabbitmq.conf]"]["content"] for h in ("controller1", "controller2")}
    assert all("listeners.tcp = none" in text for text in texts.values())
    assert "cluster_formation" not in texts["controller1"]
    assert re.findall(r"nodes\.\d = (\S+)", texts["controller2"]) == ["rabbit@controller1", "rabbit@controller2"]
    for kind in ("Nova_config", "Neutron_config"):
        told = three["compute1"].of(kind)
        url = told["DEFAULT/transport_url"]["value"]
        assert re.fullmatch(r"rabbit://(\w+:\w+@[0-9.]+:5671,?){3}/", url), url
        assert told["oslo_messaging_rabbit/rabbit_quorum_queue"]["value"] is True
        assert told["oslo_messaging_rabbit/ssl"]["value"] is True


def test_a_service_shows_a_token_of_its_own_and_checks_tokens_by_tls(three: dict[str, Whole]) -> None:
    for kind in ("Nova_config", "Neutron_config", "Placement_config", "Glance_api_config"):
        told = three["controller1"].of(kind)
        assert told["keystone_authtoken/service_token_roles_required"]["value"] is True
        assert told["keystone_authtoken/auth_url"]["value"] == "https://api.lab.test/identity"
    assert three["compute1"]["Nova_config[service_user/send_service_user_token]"]["value"] is True


def test_nova_neutron_and_ovn_call_a_machine_by_the_same_name(three: dict[str, Whole]) -> None:
    """A port is bound where they agree; the module of OVN would say the full name."""
    compute = three["compute1"]
    assert compute["Nova_config[DEFAULT/host]"]["value"] == "compute1"
    assert compute["Neutron_config[DEFAULT/host]"]["value"] == "compute1"
    assert 'external_ids:hostname="compute1"\'' in compute["Exec[OVN is told hostname]"]["command"]


def test_processes_are_as_many_as_the_machine_carries_and_never_debians_eight(three: dict[str, Whole]) -> None:
    kinds = [kind for kind in SHOWN if kind.endswith("_uwsgi_config")]
    told = {kind: three["controller1"].of(kind)["uwsgi/processes"]["value"] for kind in kinds}
    assert set(told) == set(kinds) and {int(number) for number in told.values()} == {1, 2}
    assert int(told["Nova_api_uwsgi_config"]) == 2


def test_no_program_of_keystone_leaves_a_log_that_its_service_cannot_write(three: dict[str, Whole]) -> None:
    controller = three["controller1"]
    assert controller["File[/var/log/keystone/keystone.log]"]["owner"] == "keystone"
    execs = controller.of("Exec")
    for title, told in execs.items():
        if "keystone-manage" in told.get("command", ""):
            assert told.get("user") == "keystone" or "runuser -u keystone" in told["command"], title


def test_keys_of_tokens_are_the_same_on_all_members(three: dict[str, Whole]) -> None:
    for path in ("fernet-keys/0", "fernet-keys/1", "credential-keys/0", "credential-keys/1"):
        texts = {three[f"controller{i}"][f"File[/etc/keystone/{path}]"]["content"] for i in (1, 2, 3)}
        assert len(texts) == 1


def test_apis_find_one_key_and_one_certificate_and_never_the_file_that_comes_before_all(three: dict[str, Whole]) -> None:
    for project in ("keystone", "placement", "nova", "neutron"):
        files = three["controller1"].of("File")
        folders = (f"/etc/{project}/ssl/private/", f"/etc/{project}/ssl/public/")
        assert [f for f in files if f.startswith(folders)] == [
            f"/etc/{project}/ssl/private/host.pem",
            f"/etc/{project}/ssl/public/host.crt",
        ]
        key = files[f"/etc/{project}/ssl/private/host.pem"]
        assert (key["group"], key["mode"]) == (project, "0640"), "the service runs as its own user"
        assert files[f"/etc/{project}/ssl/private"]["purge"] is True
        assert not [f for f in files if "puppet_openstack.crt" in f]


@pytest.mark.parametrize(
    ("north", "south", "put_aside"),
    [
        ("alone", "alone", {"nb", "sb"}),
        ("many", "many", set()),
        ("many", "alone", {"sb"}),
        ("spoilt", "many", set()),
        ("spoilt", "alone", {"sb"}),
        ("", "", set()),
    ],
)
def test_only_databases_of_ovn_that_surely_stand_alone_are_put_aside(
    three: dict[str, Whole], tmp_path: Path, north: str, south: str, put_aside: set[str]
) -> None:
    """ovsdb-tool (Open vSwitch 3.5.0) ends with 0 for yes, 2 for no, and 1 for a database that it cannot read."""
    folder, program = tmp_path / "ovn", tmp_path / "tool"
    folder.mkdir()
    program.write_text(
        '#!/bin/sh\ncase $1-$(cat "$2" 2>/dev/null) in db-is-standalone-alone | db-is-clustered-many) exit 0 ;; '
        "*-alone | *-many) exit 2 ;; esac\nexit 1\n"
    )
    program.chmod(0o755)
    texts = {"nb": north, "sb": south}
    for name, text in texts.items():
        if text:
            (folder / f"ovn{name}_db.db").write_text(text)
    told = three["controller1"]["Exec[profile::ovn::central begins anew]"]
    begins, ends = (
        told[key]
        .replace("/usr/bin/systemctl", "true")
        .replace("/usr/bin/ovsdb-tool", str(program))
        .replace("/var/lib/ovn", str(folder))
        for key in ("onlyif", "command")
    )
    if subprocess.run(["sh", "-c", begins], check=False).returncode == 0:
        subprocess.run(["sh", "-c", ends], check=True)
    left = {name for name in texts if (folder / f"ovn{name}_db.db").exists()}
    assert left == {name for name, text in texts.items() if text} - put_aside
    assert {name for name in texts if (folder / f"ovn{name}_db.db.standalone").exists()} == put_aside, "nothing is lost"


REAL = {"test", "find", "cat", "grep", "sha256sum", "mkdir", "touch", "bash", "timeout", "true"}


def _run(
    tmp_path: Path, command: str, programs: Mapping[str, str] | None = None, places: Mapping[str, Path] | None = None
) -> list[str]:
    """What `command` did and said, in order, with `places` instead of what is called so. A program of /usr that is
    not one of REAL writes down what it was asked; what else it does, or one of REAL does instead, is in `programs`."""
    folder, log, does = tmp_path / "programs", tmp_path / "did", programs or {}
    folder.mkdir(exist_ok=True)
    log.write_text("")

    def program(found: re.Match[str]) -> str:
        name = found[1]
        if name in REAL - set(does):
            return name
        file = folder / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\n{does.get(name, "")}\n')
        file.chmod(0o755)
        return str(file)

    for place, here in (places or {}).items():
        command = command.replace(place, str(here))
    words = ["sh", "-c", re.sub(r"/usr/s?bin/([a-z_0-9-]+)", program, command)]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line]
    return [*log.read_text().splitlines(), *said, *([f"status {done.returncode}"] if done.returncode else [])]


ANSWERS, NOBODY = {"timeout": "exit 0"}, {"timeout": "exit 1"}


def test_no_command_deletes_what_somebody_may_have_kept(three: dict[str, Whole]) -> None:
    for whole in three.values():
        for title, told in whole.of("Exec").items():
            assert not re.search(r"\brm\b|reset|force_boot", str(told["command"])), title


def test_the_package_of_the_queue_starts_no_node_that_would_have_to_be_deleted(
    three: dict[str, Whole], tmp_path: Path
) -> None:
    """An adopted machine, or one that was given back its files, has queues and none of Puppet's files."""
    told = three["controller2"]
    mask, free = (told[f"Exec[profile::rabbitmq {words}]"] for words in ("is not started by its package", "may be started"))
    for state, due in (("installed", False), ("half-configured", True), ("", True)):
        asked = _run(tmp_path, f"{mask['unless']} || {mask['command']}", {"dpkg-query": f"echo {state}"})
        assert ("systemctl mask rabbitmq-server.service" in asked) is due, state
    assert told["Package[rabbitmq-server]"]["require"] == "Exec[profile::rabbitmq is not started by its package]"
    masked = tmp_path / "units"
    masked.mkdir()
    command = f"{free['onlyif']} && {free['command']}; true"
    assert _run(tmp_path, command, {}, {"/etc/systemd/system": masked}) == []
    (masked / "rabbitmq-server.service").symlink_to("/dev/null")
    assert _run(tmp_path, command, {}, {"/etc/systemd/system": masked}) == ["systemctl unmask rabbitmq-server.service"]


def test_a_first_member_of_the_queue_that_is_here_anew_joins_those_who_went_on(
    three: dict[str, Whole], tmp_path: Path
) -> None:
    told = three["controller1"]["Exec[profile::rabbitmq joins those who are there]"]
    assert told["creates"] == "/var/lib/rabbitmq/mnesia/rabbit@controller1", "asked only where there is no queue yet"
    assert "Exec[profile::rabbitmq joins those who are there]" not in three["controller2"]
    command, peers = f"{told['onlyif']} && {told['command']}", tmp_path / "conf.d/50-oci-peers.conf"
    assert _run(tmp_path, command, NOBODY, {"/etc/rabbitmq": tmp_path})[-1] == "status 1" and not peers.exists()
    _run(tmp_path, command, ANSWERS, {"/etc/rabbitmq": tmp_path})
    assert re.findall(r"nodes\.(\d) = (\S+)", peers.read_text()) == [
        ("1", "rabbit@controller2"),
        ("2", "rabbit@controller1"),
    ]
    assert peers.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("host", "answer", "kept", "begun", "does"),
    [
        ("controller1", NOBODY, "", False, "galera_new_cluster"),
        ("controller1", ANSWERS, "", False, "systemctl restart mariadb"),
        ("controller1", ANSWERS, "theirs", False, "status 1"),
        ("controller1", NOBODY, "theirs", False, "galera_new_cluster"),
        ("controller2", ANSWERS, "", False, "systemctl restart mariadb"),
        ("controller2", ANSWERS, "theirs", False, "status 1"),
        ("controller2", ANSWERS, "keystone", True, "systemctl restart mariadb"),
    ],
)
def test_a_cluster_begins_once_and_who_joins_loses_no_database(
    three: dict[str, Whole], tmp_path: Path, host: str, answer: dict[str, str], kept: str, begun: bool, does: str
) -> None:
    """A first member that was installed anew would begin an empty cluster, which all would be led to; and what a member that
    joins has is replaced by what the cluster has."""
    told = three[host]["Exec[profile::mariadb becomes a member]"]
    data, state = tmp_path / "data", tmp_path / "state"
    state.mkdir()
    for name in ("mysql", "sys", "performance_schema", "lost+found", "#rocksdb", *filter(None, [kept])):
        (data / name).mkdir(parents=True)
    if begun:
        (state / "mariadb-joins").touch()
    did = _run(tmp_path, told["command"], answer, {"/var/lib/mysql": data, "/var/lib/oci-profile": state})
    assert does in " ".join(did), did
    assert ("galera_new_cluster" in " ".join(did)) is (does == "galera_new_cluster")
    assert (state / "mariadb-joins").exists() is ("restart" in does), "a joining that was cut off goes on"
    if does == "status 1":
        assert any("theirs are here, and would be replaced" in line for line in did)
    assert told["creates"] == "/var/lib/mysql/grastate.dat"
    assert three[host]["File[/run/mariadb-wsrep-new-cluster]"]["ensure"] == "absent", "left by one that was killed"


@pytest.mark.parametrize("which", ["nb", "sb"])
def test_a_first_member_of_ovn_that_is_here_anew_joins_those_who_went_on(
    three: dict[str, Whole], tmp_path: Path, which: str
) -> None:
    told = three["controller1"][f"Exec[profile::ovn::central joins those who have a {which}]"]
    assert told["creates"] == f"/var/lib/ovn/ovn{which}_db.db"
    assert f"Exec[profile::ovn::central joins those who have a {which}]" not in three["controller2"]
    name, port = {"nb": ("OVN_Northbound", 6643), "sb": ("OVN_Southbound", 6644)}[which]
    command = f"{told['onlyif']} && {told['command']}"
    assert _run(tmp_path, command, NOBODY)[-1] == "status 1"
    own, other = three["controller1"], "10.77.1.3"
    assert own["File[/etc/default/ovn-central]"]["content"].count("10.77.1.2") > 0
    assert f"ovsdb-tool join-cluster /var/lib/ovn/ovn{which}_db.db {name} ssl:10.77.1.2:{port} ssl:{other}:{port}" in _run(
        tmp_path, command, ANSWERS
    )


TOLD = {
    "profile::mariadb::owners": ("/etc/mysql/oci-owners.sql", "mariadb-owners"),
    "profile::rabbitmq reads its users": ("/etc/rabbitmq/definitions.json", "rabbitmq-definitions"),
    "profile::keystone has its first user": ("/etc/keystone/oci-bootstrap", "keystone-bootstrap"),
    "profile::nova::cells": ("/usr/lib/oci/oci-cells", "nova-cells"),
}


@pytest.mark.parametrize("title", TOLD)
def test_what_is_told_anew_is_known_by_its_text_and_not_by_a_clock(
    three: dict[str, Whole], tmp_path: Path, title: str
) -> None:
    """A stamp of a clock that was a year ahead hides each new password for a year."""
    told = three["controller1"][f"Exec[{title}]"]
    path, name = TOLD[title]
    assert not any(" -nt " in str(each.get("unless")) for whole in three.values() for each in whole.of("Exec").values())
    file, stamp = tmp_path / "text", tmp_path / name
    asks = told["unless"].partition(" && ")[0].replace(f"/var/lib/oci-profile/{name}", str(stamp))
    keeps = (
        told["command"].rpartition(" && ")[2].replace(f"/var/lib/oci-profile/{name}", str(stamp)).replace(path, str(file))
    )
    assert path in told["command"].rpartition(" && ")[2]

    def known() -> bool:
        return subprocess.run(["sh", "-c", asks], check=False).returncode == 0

    file.write_text("one password")
    assert not known()
    subprocess.run(["sh", "-c", keeps], check=True)
    assert known() and "password" not in stamp.read_text()
    os.utime(file, (4e9, 4e9))
    assert known()
    file.write_text("another one")
    os.utime(file, (0, 0))
    assert not known()


def test_a_list_of_cells_that_did_not_come_makes_no_second_cell(three: dict[str, Whole], tmp_path: Path) -> None:
    script = three["controller1"]["File[/usr/lib/oci/oci-cells]"]["content"].replace("runuser", "/usr/sbin/runuser")
    did = _run(tmp_path, script, {"runuser": 'case "$*" in *list_cells*) exit 1 ;; esac'})
    assert did[-1] == "status 1" and not any("create_cell" in line for line in did)
    there = "echo '| cell1 | 5a5a | none |'"
    did = _run(tmp_path, script, {"runuser": f'case "$*" in *list_cells*) {there} ;; esac'})
    assert not any("create_cell" in line for line in did) and any("update_cell --cell_uuid 5a5a" in line for line in did)
    assert any("create_cell --name cell1" in line for line in _run(tmp_path, script))


def test_whatever_holds_a_secret_is_read_by_nobody_else(three: dict[str, Whole]) -> None:
    for host, whole in three.items():
        files = whole.of("File")
        for path, told in files.items():
            if WORD in str(told.get("content")):
                assert str(told["mode"]).endswith("0"), f"{path} of {host} is open to all"
        for kind, path in CONFIGURED.items():
            if any(WORD in str(told.get("value")) for told in whole.of(kind).values()):
                assert (files[path]["owner"], files[path]["mode"]) == ("root", "0640"), f"{path} of {host}"
                assert files[path]["group"] == path.split("/")[2]
    assert "Ovn_metadata_agent_config" in three["compute1"].types, "its package leaves it open to all"


def test_a_server_that_moves_is_hidden_from_the_wire_with_its_memory_and_its_disks(three: dict[str, Whole]) -> None:
    compute = three["compute1"]
    assert compute["Nova_config[libvirt/live_migration_with_native_tls]"]["value"] is True
    assert compute["Nova_config[libvirt/live_migration_scheme]"]["value"] == "tls"
    for name in ("server", "client"):
        key = compute[f"File[/etc/pki/qemu/{name}-key.pem]"]
        assert (key["group"], key["mode"]) == ("libvirt-qemu", "0640") and f"File[/etc/pki/qemu/{name}-cert.pem]" in compute
    assert "File[/etc/pki/qemu/ca-cert.pem]" in compute


def test_images_are_asked_of_the_member_that_has_them_and_one_database_is_spoken_to(three: dict[str, Whole]) -> None:
    """Three members hold three folders, and what was uploaded to one is not on the others."""
    text = three["controller2"]["File[/etc/haproxy/haproxy.cfg]"]["content"]
    parts = {part.split(maxsplit=2)[1]: part for part in re.split(r"\n(?=backend|listen|frontend)", text)[1:]}
    servers = {
        name: re.findall(r"^    server (\S+) .*?( backup| on-marked-up \S+)?$", part, re.M) for name, part in parts.items()
    }
    assert [how for _, how in servers["glance"]] == ["", " backup", " backup"]
    assert [how for _, how in servers["database"]] == [" on-marked-up shutdown-backup-sessions", " backup", " backup"]
    assert [how for _, how in servers["keystone"]] == ["", "", ""]


def test_a_cloud_of_ipv6_alone_finds_its_members(compiler: Compiler) -> None:
    four = cloud("controller", 3)
    members = tuple(
        replace(one, addresses=tuple((its, f"fd00:77::{index + 2:x}") for its, _ in one.addresses))
        for index, one in enumerate(four.members)
    )
    network = replace(four.networks[0], cidr="fd00:77::/64")
    vips = tuple(replace(vip, address="fd00:77::64") for vip in four.vips)
    wanted = replace(four, members=members, networks=(network,), vips=vips)
    whole = _whole(compiler, wanted, wanted.with_role("controller")[1])
    cnf = whole["File[/etc/mysql/mariadb.conf.d/99-oci.cnf]"]["content"]
    assert "gmcast.listen_addr=ssl://[::]:4567;" in cnf and "gcomm://[fd00:77::2],[fd00:77::3],[fd00:77::4]" in cnf
    env = whole["File[/etc/rabbitmq/rabbitmq-env.conf]"]["content"]
    assert env.count("-proto_dist inet6_tls") == 2 == env.count("/etc/rabbitmq/inetrc")
    assert "{inet6, true}." in whole["File[/etc/rabbitmq/inetrc]"]["content"]
    assert "pssl" not in whole["File[/etc/default/ovn-central]"]["content"]
    for host in ("fd00:77::2", "fd00:77::3"):
        assert f"ssl:[{host}]:6641" in whole["File[/etc/default/ovn-central]"]["content"]


def test_nobody_waits_for_a_switch_that_does_not_run(three: dict[str, Whole]) -> None:
    for whole in three.values():
        for title, told in whole.of("Exec").items():
            # The one of Neutron's module comes after the switch.
            if title != "Set OVS Manager" and re.search(r"ovs-vsctl|ovn-[ns]bctl", told["command"]):
                assert "--timeout=" in told["command"] and "--timeout=" in told["unless"], title


def test_every_text_that_a_program_reads_ends_with_a_line(three: dict[str, Whole]) -> None:
    for whole in three.values():
        for path, told in whole.of("File").items():
            bare = path.endswith((".erlang.cookie", ".secret_key_store")) or "-keys/" in path
            if told.get("content") and not bare:
                assert told["content"].endswith("\n"), path


def test_a_network_outside_is_made_by_the_first_member_and_by_nobody_else(
    compiler: Compiler, three: dict[str, Whole]
) -> None:
    wanted = cloud("controller", 3)
    wanted = replace(wanted, networks=(*wanted.networks, PUBLIC))
    first, second, *_rest = wanted.with_role("controller")
    path, does = "File[/etc/oci/seeds.d/outside.json]", "Exec[profile::seeds]"
    one, other = _whole(compiler, wanted, first), _whole(compiler, wanted, second)
    told = json.loads(one[path]["content"])
    assert told["networks"] == [
        {
            "cidr": "203.0.113.0/24",
            "gateway": "203.0.113.1",
            "pools": [["203.0.113.100", "203.0.113.200"]],
            "vlan": 7,
            "mtu": 1500,
            "name": "public",
            "physical": "external",
        }
    ]
    assert one[path]["mode"] == "0600" and "--check" in one[does]["unless"]
    assert path not in other and does not in other and does not in three["controller1"]


@pytest.mark.parametrize("size", SIZES)
def test_flavors_are_made_by_the_first_member_and_by_nobody_else(compiler: Compiler, size: int) -> None:
    wanted = cloud("controller", size, flavors=SWITCHED["flavors"][1])
    wanted = replace(wanted, networks=(*wanted.networks, PUBLIC))
    path, does = "File[/etc/oci/seeds.d/flavors.json]", "Exec[profile::seeds]"
    first, *others = (_whole(compiler, wanted, member) for member in wanted.members)
    told = json.loads(first[path]["content"])
    assert [{key: each[key] for key in ("name", "vcpus", "ram", "disk")} for each in told["flavors"]] == [
        {"name": "m1.tiny", "vcpus": 1, "ram": 512, "disk": 1},
        {"name": "m1.small", "vcpus": 1, "ram": 2048, "disk": 20},
    ]
    assert len({each["id"] for each in told["flavors"]}) == 2 and WORD in told["password"]
    assert (first[path]["owner"], first[path]["mode"]) == ("root", "0600")
    assert first["File[/etc/oci/seeds.d]"]["purge"] is True and first["File[/etc/oci/seeds.d]"]["mode"] == "0700"
    starts = [title for title, told in first.of("Exec").items() if "oci-seed --check" in str(told.get("unless"))]
    assert sorted(starts) == ["profile::keystone::seed", "profile::seeds"], "one process for all that services are to have"
    assert "flavors.json" not in first[does]["unless"] and first[does]["unless"].endswith("--check /etc/oci/seeds.d")
    assert not any(path in other or does in other for other in others) and len(others) == size


def test_what_a_program_waits_for_is_not_tried_again_by_puppet_too(compiler: Compiler) -> None:
    wanted = cloud("controller", 1, flavors=SWITCHED["flavors"][1])
    execs = _whole(compiler, wanted, wanted.with_role("controller")[0]).of("Exec")
    for title in ("profile::keystone::seed", "profile::seeds"):
        assert execs[title].get("tries") in (None, 1), title


CONFIGURED = {
    "Keystone_config": "/etc/keystone/keystone.conf",
    "Glance_api_config": "/etc/glance/glance-api.conf",
    "Placement_config": "/etc/placement/placement.conf",
    "Nova_config": "/etc/nova/nova.conf",
    "Neutron_config": "/etc/neutron/neutron.conf",
    "Neutron_plugin_ml2": "/etc/neutron/plugins/ml2/ml2_conf.ini",
    "Ovn_metadata_agent_config": "/etc/neutron/neutron_ovn_metadata_agent.ini",
}
FULL = """\
[DEFAULT]

#
# From nova.conf
#
   # (string value)
#my_ip = <host_ipv4>
my_ip = 10.77.2.11

[api]
password = a#b
"""


def test_what_is_read_for_each_of_its_settings_holds_no_explanations(three: dict[str, Whole], tmp_path: Path) -> None:
    for whole in three.values():
        lean = {title: told for title, told in whole.of("Exec").items() if title.startswith("profile::lean ")}
        assert set(lean) == {f"profile::lean {file}" for kind, file in CONFIGURED.items() if kind in whole.types} != set()
    file = tmp_path / "nova.conf"
    file.write_text(FULL)
    file.chmod(0o640)
    told = lean["profile::lean /etc/nova/nova.conf"]
    due, does = (["sh", "-c", told[key].replace("/etc/nova/nova.conf", str(file))] for key in ("onlyif", "command"))
    assert subprocess.run(due, check=False).returncode == 0
    subprocess.run(does, check=True)
    assert file.read_text() == "[DEFAULT]\nmy_ip = 10.77.2.11\n[api]\npassword = a#b\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert subprocess.run(due, check=False).returncode == 1, "it is done once"


def test_facter_is_given_no_configuration(three: dict[str, Whole]) -> None:
    """It is read and parsed whenever one asks for a fact without a value. Debian's modules ask for `os_immutable`, which
    no machine has, at each setting: a list of facts to leave out made a run without a change take 31 CPU s instead of 15."""
    for whole in three.values():
        assert not [path for path in whole.of("File") if path.startswith("/etc/facter")]


def test_the_bench_of_seeding_compares_what_is_alike(compiler: Compiler, puppet_root: Path, tmp_path: Path) -> None:
    """The modules' way of tests/bench differs from the product's catalogue in what is seeded, and in nothing else."""
    environment = tmp_path / "environment"
    shutil.copytree(PUPPET, environment)
    shutil.copytree(BENCH, environment, dirs_exist_ok=True)
    wanted = cloud("controller", 1, flavors=SWITCHED["flavors"][1])
    wanted = replace(wanted, networks=(*wanted.networks, PUBLIC))
    theirs = Compiler(puppet_root, tmp_path / "compiler", environment)
    try:
        catalog = theirs.catalog(wanted, wanted.members[0])
        assert "error" not in catalog and catalog["cycles"] == [], catalog
        declared = catalog["types"]
    finally:
        theirs.close()
    ours = good(compiler.catalog(wanted, wanted.members[0]))["types"]
    named = {"Class", "Exec", "File", "Anchor"}
    seeded = {kind: declared[kind] for kind in declared if kind not in named and declared[kind] != ours.get(kind)}
    assert seeded == {
        "Keystone_tenant": 1,
        "Keystone_role": 2,
        "Keystone_user": 4,
        "Keystone_user_role": 4,
        "Keystone_service": 4,
        "Keystone_endpoint": 4,
        "Keystone::Resource::Service_identity": 4,
        "Neutron_network": 1,
        "Neutron_subnet": 1,
        "Openstacklib::Clouds": 1,
    }
    assert ours["Exec"] - declared["Exec"] == 2, "the two runs of oci-seed"


CHECKS = "/etc/oci/checks.d"


@pytest.mark.parametrize("role", WITH_CLOUD)
def test_every_check_of_a_profile_is_laid_by_its_class_and_there_is_no_other(compiler: Compiler, role: str) -> None:
    wanted = cloud(role, 1)
    whole = _whole(compiler, wanted, wanted.with_role(role)[0])
    declared = {check for profile in ROLES[role].profiles for check in PROFILES[profile].checks}
    laid = {path[len(CHECKS) + 1 :]: told for path, told in whole.of("File").items() if path.startswith(f"{CHECKS}/")}
    assert set(laid) == declared != set()
    for name, told in laid.items():
        assert (told["owner"], told["mode"]) == ("root", "0755"), "it is run by root, and nobody else changes it"
        assert WORD not in told["content"], "a check is told no secret"
        compile(told["content"], name, "exec")
        assert f'oci_checks.run("{name}", ' in told["content"]
    folder = whole[f"File[{CHECKS}]"]
    assert folder["purge"] is True and folder["recurse"] is True


@pytest.mark.parametrize("profile", [name for name, profile in PROFILES.items() if profile.checks])
def test_a_check_is_laid_by_the_class_of_its_own_profile(profile: str) -> None:
    text = profile_file(profile).read_text()
    assert set(re.findall(r"profile::check \{ '([a-z._]+)'", text)) == set(PROFILES[profile].checks)


def test_the_fact_that_the_modules_need_comes_with_our_own() -> None:
    """Debian keeps it on the Puppet server, where no agent is given it."""
    text = (PUPPET / "site/oci/facts.d/os_service_default.txt").read_text()
    assert text == "os_service_default=<SERVICE DEFAULT>\n"


# -- as the programs read it


def _inside(root: Path, directory: Path, files: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    room = Room(root, directory)
    for path, text in files.items():
        room.write(path, text)
    return subprocess.run(room.argv(words), capture_output=True, text=True, timeout=120, check=False)


def _certificate(directory: Path) -> str:
    key, crt = directory / "k.pem", directory / "c.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a"]
    subprocess.run([*words, "-keyout", str(key), "-out", str(crt)], capture_output=True, check=True)
    return crt.read_text() + key.read_text()


@pytest.mark.parametrize("end", ["", "bind nowhere\n"])
def test_haproxy_takes_its_configuration_without_a_warning(
    three: dict[str, Whole], puppet_root: Path, tmp_path: Path, end: str
) -> None:
    both = _certificate(tmp_path)
    files = {
        "etc/haproxy/haproxy.cfg": three["controller1"]["File[/etc/haproxy/haproxy.cfg]"]["content"] + end,
        "etc/haproxy/tls/front.pem": both,
        "etc/haproxy/tls/host.pem": both,
        "etc/ssl/certs/ca-certificates.crt": both,
    }
    done = _inside(puppet_root, tmp_path / "room", files, "haproxy", "-c", "-dW", "-f", "/etc/haproxy/haproxy.cfg")
    assert (done.returncode == 0) is not bool(end), done.stdout + done.stderr


@pytest.mark.parametrize("end", ["", "vrrp_instance {\n"])
def test_keepalived_takes_its_configuration(three: dict[str, Whole], puppet_root: Path, tmp_path: Path, end: str) -> None:
    path = "etc/keepalived/keepalived.conf"
    text = three["controller2"][f"File[/{path}]"]["content"] + end
    # It looks whether its interface and its script are there.
    script = f"chmod 755 /usr/bin/systemctl; ip link add eth0 type veth peer name eth1; keepalived --config-test -f /{path}"
    done = _inside(puppet_root, tmp_path / "room", {path: text, "usr/bin/systemctl": "#!/bin/sh\n"}, "sh", "-c", script)
    assert (done.returncode == 0) is not bool(end), done.stdout + done.stderr


LINT = "puppet-lint --fail-on-warnings site manifests"
EACH = "find site manifests -name '*.%s' -exec puppet %s validate {} +"
PARSE = " && ".join((EACH % ("pp", "parser"), EACH % ("epp", "epp")))


@pytest.mark.parametrize("script", [LINT, PARSE], ids=["lint", "parse"])
@pytest.mark.parametrize("bad", ["", 'class profile::bad {\n  $a = "b\n}\n'], ids=["ours", "bad"])
def test_manifests_are_clean(puppet_root: Path, tmp_path: Path, script: str, bad: str) -> None:
    room = Room(puppet_root, tmp_path / "room")
    for path in sorted(p for folder in ("site", "manifests") for p in (PUPPET / folder).rglob("*.*p*") if p.is_file()):
        room.write(f"environment/{path.relative_to(PUPPET)}", path.read_text())
    if bad:
        room.write("environment/site/profile/manifests/bad.pp", bad)
    words = ["sh", "-c", f"cd /environment && {script}"]
    done = subprocess.run(room.argv(words), capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode == 0) is not bool(bad), done.stdout + done.stderr


def test_a_role_is_read_at_a_glance_and_a_profile_on_three_screens() -> None:
    roles = Path(__file__).resolve().parents[2] / "oci/roles"
    assert all(len(path.read_text().splitlines()) <= 30 for path in roles.glob("*.yaml"))
    assert all(len(path.read_text().splitlines()) <= 150 for path in (PUPPET / "site").rglob("*.pp"))


def test_every_profile_of_ours_has_a_record_and_every_record_a_role() -> None:
    used = {profile for role in ROLES.values() for profile in role.profiles}
    assert used == set(PROFILES)
