"""Networks, clusters and roles."""

from __future__ import annotations

import pytest

from oci.context import Actor
from oci.problems import Conflict, Forbidden, NotFound, Problem
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import NetworkIn
from oci.schemas.machines.machines import AssignIn
from oci.services.clusters import clusters, networks, roles
from oci.services.machines import verbs

VERA = Actor("vera", "viewer")
GOOD = {"name": "prov", "cidr": "10.77.0.0/24", "first": "10.77.0.11", "last": "10.77.0.20"}


def network(world, **changes):
    return networks.create_network(world.ctx(), NetworkIn(**{**GOOD, **changes}))


def cluster(world, **changes):
    return clusters.create_cluster(
        world.ctx(), ClusterIn(**{"name": "c1", "domain": "lab.test", "network": "prov", **changes})
    )


def test_a_network_counts_what_it_gave_out(world) -> None:
    made = network(world, gateway="10.77.0.254", dns=["10.77.0.1", "10.77.0.2"])
    assert (made.size, made.used, made.purpose) == (10, 0, "provisioning")
    cluster(world)
    verbs.enrol(world.ctx(), "52:54:00:77:00:01")
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    found = networks.list_networks(world.ctx(VERA)).networks
    assert [(n.name, n.used, n.dns) for n in found] == [("prov", 1, ["10.77.0.1", "10.77.0.2"])]
    assert clusters.show_cluster(world.ctx(VERA), "c1").machines == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cidr": "10.77.0.1/24"}, "not valid"),
        ({"cidr": "10.77.0.0/31"}, "too small"),
        ({"first": "10.78.0.1"}, "not a host address"),
        ({"first": "10.77.0.30"}, "swap"),
        ({"last": "x"}, "no address"),
        ({"gateway": "10.9.9.9"}, "not a host address"),
        ({"dns": ["x"]}, "DNS server"),
        ({"cidr": "fd00::/64"}, "not a host address of fd00::/64"),
    ],
)
def test_a_network_that_cannot_be(world, changes, words) -> None:
    with pytest.raises(Problem, match=words):
        network(world, **changes)
    assert networks.list_networks(world.ctx()).networks == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "other", "cidr": "10.77.0.128/25", "first": "10.77.0.130", "last": "10.77.0.140"}, "network prov"),
        ({"cidr": "10.88.0.0/24", "first": "10.88.0.1", "last": "10.88.0.9"}, "exists already"),
    ],
)
def test_a_network_that_is_in_the_way_of_another(world, changes, words) -> None:
    network(world)
    with pytest.raises(Conflict, match=words):
        network(world, **changes)


def test_a_range_leaves_out_what_the_appliance_holds_and_gives_by_dhcp(world) -> None:
    with pytest.raises(Conflict, match="own address"):
        network(world, first="10.77.0.1")
    world.set(dhcp_first="10.77.0.15", dhcp_last="10.77.0.30")
    with pytest.raises(Conflict, match="DHCP range"):
        network(world)
    world.set(dhcp_mode="proxy")
    assert network(world)


def test_a_cluster(world) -> None:
    network(world)
    assert cluster(world).network == "prov"
    assert [c.name for c in clusters.list_clusters(world.ctx(VERA)).clusters] == ["c1"]
    with pytest.raises(Conflict, match="exists already"):
        cluster(world)
    with pytest.raises(NotFound, match="network list"):
        cluster(world, name="c2", network="nowhere")
    with pytest.raises(NotFound, match="cluster list"):
        clusters.show_cluster(world.ctx(), "c9")
    with pytest.raises(Forbidden):
        clusters.create_cluster(world.ctx(VERA), ClusterIn(name="c2", domain="lab.test", network="prov"))


def test_machines_are_installed_over_a_provisioning_network(world) -> None:
    network(world, purpose="storage")
    with pytest.raises(Conflict, match="storage network"):
        cluster(world)


def test_roles_come_in_the_order_of_building(world) -> None:
    given = roles.list_roles(world.ctx(VERA)).roles
    assert len(given) == 9 and [r.order for r in given] == sorted(r.order for r in given)
    assert all(r.title and r.profiles for r in given)
