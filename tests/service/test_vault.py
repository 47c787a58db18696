"""Secrets and certificates of a cluster: made once, revealed to the listener of the Puppet server, and to nobody else."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from sqlalchemy import select
from test_path import prepare
from wired import NAMES, wire

from oci.adapters.issuer import X509Issuer
from oci.app import APPLIANCE
from oci.db import tables
from oci.domain.cloud.certificates import DAY, LEAF_DAYS, RENEW_DAYS
from oci.domain.cluster.roles import parse
from oci.ports import Issued, OutsideError
from oci.problems import Conflict, Unavailable
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import AddressIn, RangeIn
from oci.schemas.machines.machines import AssignIn
from oci.services.clusters import addresses, clusters, networks
from oci.services.machines import verbs
from oci.services.path import puppet


@dataclass
class Safe:
    """Two machines whose role has secrets and certificates, in one cluster, and one in another."""

    world: object
    given: dict[str, str]

    def classified(self, fqdn: str) -> dict[str, str]:
        return yaml.safe_load(puppet.classify(self.world.ctx(APPLIANCE), fqdn))["classes"]["profile::test"]


@pytest.fixture
def safe(world, monkeypatch) -> Safe:
    prepare(world)
    clusters.create_cluster(world.ctx(), ClusterIn(name="c2", domain="two.test", network="prov"))
    given = wire(monkeypatch)
    role = parse("cache", {"name": "cache", "profiles": ["profile::test"]})
    world.outside(roles={**world.appliance.outside.roles, "cache": role})
    for number, cluster in ((1, "c1"), (2, "c1"), (3, "c2")):
        verbs.enrol(world.ctx(), f"52:54:00:77:03:1{number}")
        verbs.assign(world.ctx(), str(number), AssignIn(cluster=cluster, role="cache"))
    return Safe(world, given)


ONE, TWO, OTHER = "cache1.lab.test", "cache2.lab.test", "cache1.two.test"


def stored(world) -> str:
    """All that is in the database, as text."""
    with world.appliance.make_session() as db:
        rows = [db.execute(select(table)).all() for table in tables.Table.metadata.sorted_tables]
    return repr(rows)


def events(world, kind: str) -> list[str]:
    with world.appliance.make_session() as db:
        return list(db.scalars(select(tables.Event.text).where(tables.Event.kind == kind).order_by(tables.Event.id)))


def test_a_cluster_has_one_value_of_a_secret_and_another_cluster_another(safe) -> None:
    one, two, other = map(safe.classified, (ONE, TWO, OTHER))
    for name in NAMES:
        assert one[name] == two[name] != other[name]
    assert len(one["test.key"]) == 32 and one["test.key"].isalnum() and len(one["keystone.fernet.0"]) == 44
    assert safe.classified(ONE) == one, "it stays what it is"


def test_only_puppet_is_given_a_secret(safe, caplog) -> None:
    told = safe.classified(ONE)
    shown = puppet.preview_classification(safe.world.ctx(), ONE)
    assert set(yaml.safe_load(shown.text)["classes"]["profile::test"].values()) == {"***"}
    everywhere = stored(safe.world) + caplog.text + shown.model_dump_json()
    for name in (*NAMES, "host.key"):
        assert told[name] not in everywhere and json.dumps(told[name])[1:-1] not in everywhere
    assert len(events(safe.world, "secret.made")) == 2 and ONE in events(safe.world, "certificate.made")[1]


def test_a_secret_that_was_not_declared_is_told_to_whoever_looks(safe) -> None:
    safe.given["test.key"] = "test.other"
    for look in (puppet.classify, puppet.preview_classification):
        with pytest.raises(Conflict, match=r"profile::test gives its parameter test\.key the secret 'test\.other'"):
            look(safe.world.ctx(APPLIANCE), ONE)


def chain(text: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(text.encode())


def names_of(certificate: x509.Certificate) -> list[str]:
    return [str(name.value) for name in certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value]


def test_a_machine_has_a_certificate_of_its_own_and_the_cluster_one_for_all(safe) -> None:
    one, two, other = map(safe.classified, (ONE, TWO, OTHER))
    leaf, intermediate = chain(one["host.crt"])
    (root,) = chain(one["cluster.ca"])
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(root)
    assert names_of(leaf) == [ONE, "cache1", "10.77.0.11"]
    assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == ONE
    key = serialization.load_pem_private_key(one["host.key"].encode(), None)
    assert key.public_key() == leaf.public_key()
    assert one["host.crt"] != two["host.crt"] and one["api.crt"] == two["api.crt"] != other["api.crt"]
    assert names_of(chain(one["api.crt"])[0]) == ["api.lab.test"]
    assert one["cluster.ca"] == two["cluster.ca"] != other["cluster.ca"]
    with pytest.raises(ValueError, match=r"[Ii]ssuer"):
        intermediate.verify_directly_issued_by(chain(other["cluster.ca"])[0])


def test_the_machines_of_a_cluster_trust_its_root(safe, monkeypatch) -> None:
    verbs.enrol(safe.world.ctx(), "52:54:00:77:03:14")
    fqdn = verbs.assign(safe.world.ctx(), "4", AssignIn(cluster="c1", role="compute")).fqdn
    base = yaml.safe_load(puppet.classify(safe.world.ctx(APPLIANCE), fqdn))["classes"]["profile::base"]
    assert base["ca_certificates"]["oci-cluster"] == safe.classified(ONE)["cluster.ca"]


def test_a_certificate_is_made_anew_when_its_names_change_and_before_it_ends(safe) -> None:
    first = safe.classified(ONE)
    networks.add_range(safe.world.ctx(), "prov", RangeIn(first="10.77.0.210", last="10.77.0.219", use="vip"))
    addresses.hold_address(safe.world.ctx(), "prov", AddressIn(vip="api", cluster="c1", address="10.77.0.210"))
    second = safe.classified(ONE)
    assert names_of(chain(second["api.crt"])[0]) == ["api.lab.test", "10.77.0.210"]
    assert second["host.crt"] == first["host.crt"]
    safe.world.clock.now += (LEAF_DAYS - RENEW_DAYS) * DAY - 1
    assert safe.classified(ONE)["host.crt"] == first["host.crt"]
    safe.world.clock.now += 2
    third = safe.classified(ONE)
    assert third["host.crt"] != first["host.crt"] and third["host.key"] != first["host.key"]
    assert {name: third[name] for name in NAMES} == {name: first[name] for name in NAMES}
    assert third["cluster.ca"] == first["cluster.ca"]


def test_a_machine_that_leaves_takes_no_certificate_along(safe) -> None:
    before = safe.classified(ONE)
    verbs.unassign(safe.world.ctx(), "1")
    with safe.world.appliance.make_session() as db:
        assert not list(db.scalars(select(tables.Certificate).where(tables.Certificate.machine_id == 1)))
    verbs.assign(safe.world.ctx(), "1", AssignIn(cluster="c1", role="cache"))
    assert safe.classified(ONE)["host.key"] != before["host.key"]


def test_a_classification_that_needs_nothing_new_only_reads(safe) -> None:
    safe.classified(ONE)
    with safe.world.appliance.make_session() as db:
        before = len(list(db.scalars(select(tables.Event))))
    safe.classified(ONE)
    with safe.world.appliance.make_session() as db:
        assert len(list(db.scalars(select(tables.Event)))) == before


class Silent(X509Issuer):
    """Cannot make a certificate."""

    def issue(self, by: Issued, names: tuple[str, ...], now: float, days: int) -> Issued:
        raise OutsideError(f"no certificate can be made for {names[0]}", "it is damaged", "Restore it")


def test_a_certificate_that_cannot_be_made_is_told_and_nothing_half_is_kept(safe) -> None:
    safe.world.outside(issuer=Silent())
    with pytest.raises(Unavailable, match=r"no certificate can be made for (api|cache1)\.lab\.test: it is damaged"):
        safe.classified(ONE)
    assert "no certificate can be made" in events(safe.world, "puppet.unclassified")[0]
    with safe.world.appliance.make_session() as db:
        assert not list(db.scalars(select(tables.Secret))), "made together, or not at all"


def test_a_name_that_no_certificate_can_carry_is_told() -> None:
    issuer = X509Issuer()
    _root, by = issuer.authority("x", 1e9, 10)
    with pytest.raises(OutsideError, match="no certificate can be made for ä"):
        issuer.issue(by, ("ä.test",), 1e9, 10)
    assert "PRIVATE" not in repr(by)
