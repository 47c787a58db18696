"""Roles of an operator's own: read at the start, told when they are wrong, and never in the way of other machines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select
from test_path import NOBODY, discovered, prepare

from oci.adapters import pki
from oci.adapters.files import authorities as authority_files
from oci.adapters.files import roles as role_files
from oci.app import APPLIANCE
from oci.db import tables
from oci.domain.cluster.roles import BadRole
from oci.problems import Conflict, NotFound, Unavailable
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.machines.machines import AssignIn
from oci.services.activity import site_troubles
from oci.services.clusters import clusters
from oci.services.machines import look, verbs
from oci.services.path import puppet, works

CACHE = "name: cache\ntitle: Cache\norder: 65\nprofiles: [profile::base, acme::cache, profile::mine]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "roles.d"
    made.mkdir()
    (made / "cache.yaml").write_text(CACHE)
    return made


def use(world, folder: Path) -> None:
    """Start the appliance anew with the role files in `folder`."""
    roles, troubles = role_files.read(folder)
    world.outside(roles=roles, troubles=tuple(troubles))


def cluster(world, name: str = "2025-1-5") -> None:
    prepare(world)
    clusters.create_cluster(world.ctx(), ClusterIn(name=name, domain="own.test", network="prov"))


def assign(world, number: int, role: str, cluster: str = "2025-1-5") -> str:
    made = verbs.enrol(world.ctx(), f"52:54:00:77:02:{number:02x}")
    return verbs.assign(world.ctx(), str(made.id), AssignIn(cluster=cluster, role=role)).fqdn


def classified(world, fqdn: str) -> dict:
    return yaml.safe_load(puppet.classify(world.ctx(APPLIANCE), fqdn))


def test_a_role_of_ones_own_is_its_profiles(world, folder) -> None:
    use(world, folder)
    cluster(world)
    fqdn, other = assign(world, 1, "cache"), assign(world, 2, "network")
    found = classified(world, fqdn)
    assert list(found["classes"]) == ["profile::base", "acme::cache", "profile::mine"]
    assert found["classes"]["acme::cache"] == {} == found["classes"]["profile::mine"]
    assert set(found["classes"]["profile::base"]["hosts"]) == {fqdn, "puppet.lab.test"}
    assert found["parameters"] == {"oci_cluster": "2025-1-5", "oci_role": "cache", "oci_machine": 1}
    assert list(classified(world, other)["classes"]) == ["profile::base"]


def test_a_role_of_the_product_may_be_replaced_by_other_profiles(world, folder) -> None:
    (folder / "compute.yaml").write_text("name: compute\nprofiles: [profile::base, acme::gpu]\n")
    use(world, folder)
    cluster(world)
    assert list(classified(world, assign(world, 1, "compute"))["classes"]) == [
        "profile::base",
        "acme::gpu",
    ]


def test_a_role_whose_file_is_gone_stops_nobody_else(world, folder) -> None:
    use(world, folder)
    cluster(world)
    gone, other = assign(world, 1, "cache"), assign(world, 2, "network")
    (folder / "cache.yaml").unlink()
    use(world, folder)
    assert "profile::base" in classified(world, other)["classes"]
    for _ in range(2):
        with pytest.raises(Conflict, match="the role 'cache' has no role file that can be used"):
            puppet.classify(world.ctx(APPLIANCE), gone)
    with pytest.raises(Conflict, match="no role file"):
        verbs.install(world.ctx(), gone)
    with world.appliance.make_session() as db:
        said = db.scalars(select(tables.Event).where(tables.Event.kind == "puppet.unclassified")).all()
        assert [(e.machine_id, "no role file" in e.text) for e in said] == [(1, True)]
    assert site_troubles.list_troubles(world.ctx())[0].startswith("machines have the role 'cache', and no role file")
    assert look.show(world.ctx(), gone).role == "cache" and look.list_machines(world.ctx()).total == 2


def test_orders_for_a_role_that_is_gone_are_refused_with_words(world, folder) -> None:
    use(world, folder)
    cluster(world)
    boot = discovered(world)
    verbs.assign(world.ctx(), "1", AssignIn(cluster="2025-1-5", role="cache"))
    verbs.install(world.ctx(), "1")
    (folder / "cache.yaml").unlink()
    use(world, folder)
    with pytest.raises(Conflict, match="no role file that can be used"):
        works.claim(world.ctx(NOBODY), boot, "install")


BAD = {
    "profiles: []": ("profiles", "needs profiles"),
    "profiles: [acme::Cache]": ("profiles", "acme::Cache"),
    "profiles: acme::cache": ("profiles", "a list of words"),
    "profiles: [acme::a, acme::a]": ("profiles", "one thing twice"),
    "profiles: [role::compute]": ("profiles", "outside of role"),
    "profiles: ['acme::a; exec']": ("profiles", "needs profiles"),
    "networks: [provisioning, moon]": ("networks", "moon, which is not known"),
    "networks: provisioning": ("networks", "a list of words"),
    "disks: raid99": ("disks", "raid99, which is not known"),
    "disks: 5": ("disks", "must be text"),
    "order: soon": ("order", "a whole number"),
    "order: yes": ("order", "a whole number"),
    "order: 1.5": ("order", "a whole number"),
    "needs: [controller]": ("needs", "number of machines for each"),
    "needs: {controller: many}": ("needs", "number of machines"),
    "needs: {controller: 0}": ("needs", "number of machines"),
    "title: yes": ("title", "must be text"),
    'title: "a\\nb"': ("title", "one line"),
    "hostname: '{number}'": ("hostname", "would name a machine 1: a number is the id"),
    "hostname: 'machine-{number}'": ("hostname", "without a role"),
    "hostname: '-x{number}'": ("hostname", "hyphen"),
    "hostname: 'x{number}-'": ("hostname", "hyphen"),
    f"hostname: '{'x' * 60}{{number}}'": ("hostname", "63"),
    "hostname: 'x'": ("hostname", "must hold {number}"),
    "flavour: sweet": ("flavour", "unknown keys"),
}


@pytest.mark.parametrize("line", BAD)
def test_a_wrong_file_takes_one_role_away_and_is_told_with_its_line(folder, line) -> None:
    field, says = BAD[line]
    lines = [kept for kept in CACHE.splitlines() if not kept.startswith(f"{field}:")]
    (folder / "cache.yaml").write_text("\n".join([*lines, line]) + "\n")
    roles, troubles = role_files.read(folder)
    assert "cache" not in roles and len(roles) == 9
    assert troubles[0].startswith(f"{folder}/cache.yaml, line {len(lines) + 1}: cache.yaml") and says in troubles[0]
    with pytest.raises(BadRole, match=r"cache\.yaml"):
        role_files.load(folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"name: [\n", "line 2: this is no YAML"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"", "line 1: cache.yaml does not hold a mapping"),
        (b"name: cache\0\n", "no YAML"),
        (b"!!python/name:os.system\n", "no YAML"),
        (b"- a\n", "does not hold a mapping"),
    ],
)
def test_a_file_that_is_no_role(folder, text, says) -> None:
    (folder / "cache.yaml").write_bytes(text)
    roles, troubles = role_files.read(folder)
    assert "cache" not in roles and len(troubles) == 1 and says in troubles[0]


def test_what_else_is_told_of_the_folder(folder) -> None:
    (folder / "tidy.yml").write_text(CACHE)
    (folder / "cache.yaml").write_text(CACHE + "needs: {moon: 1}\n")
    roles, troubles = role_files.read(folder)
    assert "cache" in roles and len(troubles) == 2
    assert "tidy.yml is not read; a role file's name ends in .yaml" in troubles[0]
    assert troubles[1] == "cache.yaml: needs has moon, and no role is called so"


def test_who_asks_for_a_role_that_could_not_be_read_is_told_why(world, folder) -> None:
    (folder / "cache.yaml").write_text(CACHE + "disks: raid99\n")
    use(world, folder)
    prepare(world)
    verbs.enrol(world.ctx(), "52:54:00:77:02:01")
    with pytest.raises(NotFound, match=r"no role is called .cache..*raid99"):
        verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="cache"))


def test_a_certificate_that_is_missing_is_said_at_the_start_and_when_puppet_asks(world, tmp_path: Path) -> None:
    cluster(world)
    fqdn = assign(world, 1, "compute")
    path = tmp_path / "site.pem"
    world.set(ca_certificates={"2025-1-5": str(path)})
    for write in (
        lambda: None,
        lambda: path.write_text("no certificate"),
        lambda: path.write_bytes(b"\xff"),
        path.unlink,
        path.mkdir,
    ):
        write()
        known, wrong = authority_files.read(world.appliance.config.ca_certificates)
        assert known == {} and len(wrong) == 1 and str(path) in wrong[0]
        world.outside(authorities=known, troubles=tuple(wrong))
        with pytest.raises(Unavailable, match=r"2025-1-5 \(setting ca_certificates\) could not be read"):
            puppet.classify(world.ctx(APPLIANCE), fqdn)
        assert site_troubles.list_troubles(world.ctx()) == wrong
    with world.appliance.make_session() as db:
        assert len(db.scalars(select(tables.Event).where(tables.Event.kind == "puppet.unclassified")).all()) == 1


def test_a_certificate_is_read_once(world, tmp_path: Path) -> None:

    pki.make_ca(tmp_path / "pki")
    pem = (tmp_path / "pki/ca.pem").read_text()
    path = tmp_path / "site.pem"
    path.write_text(pem)
    cluster(world)
    fqdn = assign(world, 1, "compute")
    world.set(ca_certificates={"2025-1-5": str(path)})
    known, wrong = authority_files.read(world.appliance.config.ca_certificates)
    world.outside(authorities=known)
    path.unlink()
    assert wrong == [] and classified(world, fqdn)["classes"]["profile::base"]["ca_certificates"]["2025-1-5"] == pem


def test_what_cannot_be_written_is_refused_with_words(world) -> None:
    cluster(world)
    fqdn = assign(world, 1, "compute")
    world.set(ssh_authorized_keys=["ssh-ed25519 AAAA \udcff"])
    with pytest.raises(Conflict, match=r"ssh_authorized_keys'\]\[0\] holds half of a character"):
        puppet.classify(world.ctx(APPLIANCE), fqdn)


def test_a_machine_without_an_address_is_told_and_stops_nobody(world) -> None:
    cluster(world)
    bare, other = assign(world, 1, "compute"), assign(world, 2, "compute")
    with world.appliance.make_session() as db:
        db.delete(db.scalars(select(tables.Address).where(tables.Address.machine_id == 1)).one())
        db.commit()
    with pytest.raises(Conflict, match="has no address on the network of its cluster"):
        puppet.classify(world.ctx(APPLIANCE), bare)
    assert classified(world, other)


def test_any_order_of_roles_is_the_same_text(world, folder) -> None:
    use(world, folder)
    cluster(world)
    fqdn = assign(world, 1, "cache")
    first = puppet.classify(world.ctx(APPLIANCE), fqdn)
    roles = dict(reversed(world.appliance.outside.roles.items()))
    world.appliance = replace(world.appliance, outside=replace(world.appliance.outside, roles=roles))
    assert puppet.classify(world.ctx(APPLIANCE), fqdn) == first


def test_a_folder_that_cannot_be_read_is_told_and_none_at_all_is_not(tmp_path: Path) -> None:
    assert role_files.read(tmp_path / "none")[1] == []
    (tmp_path / "file").write_text("")
    roles, troubles = role_files.read(tmp_path / "file")
    assert len(roles) == 9 and len(troubles) == 1 and "cannot be read: Not a directory" in troubles[0]


@pytest.mark.parametrize("name", ["oci", "my ca", "../a", "", "-a", "a\nb"])
def test_a_certificates_name_is_a_file_name_and_never_the_appliances_own(tmp_path: Path, name: str) -> None:
    pki.make_ca(tmp_path)
    known, wrong = authority_files.read({name: str(tmp_path / "ca.pem"), "site": str(tmp_path / "ca.pem")})
    assert list(known) == ["site"] and len(wrong) == 1 and "and not oci" in wrong[0]


def test_a_certificate_written_on_windows_is_read_with_plain_ends_of_lines(tmp_path: Path) -> None:
    pki.make_ca(tmp_path)
    text = (tmp_path / "ca.pem").read_text()
    (tmp_path / "crlf.pem").write_bytes(text.replace("\n", "\r\n").encode())
    assert authority_files.read({"site": str(tmp_path / "crlf.pem")}) == ({"site": text}, [])
