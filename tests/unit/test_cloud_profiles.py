"""What profiles of a cloud are told: who has what, who is first, how much of a machine, and by which names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fleets import DOMAIN, NETWORKS, ROLES, SITE, VIPS, fleet, member
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.cluster.fleet import INSTALLED_OVER, Fleet, Vip, in_order
from oci.domain.cluster.profiles import BadProfile, Profile, Secret, marks, parameters_of
from oci.domain.cluster.roles import parse
from oci.domain.cluster.sizes import GIB, LEAST_POOL, MIB, MOST_POOL, PROCESSES, database_pool, processes
from oci.render.puppet.enc import enc
from oci.render.puppet.profiles import PROFILES
from oci.render.puppet.profiles.cloud import address, addresses, front, is_first
from oci.render.puppet.profiles.ground.haproxy import WAYS
from oci.render.puppet.profiles.ground.keepalived import router_id

THREE = fleet(("controller", "compute", "controller", "network", "controller"))
# What a profile needs of the same machine.
NEEDS = {
    "profile::glance": ("profile::haproxy",),
    "profile::keepalived": ("profile::haproxy",),
    "profile::nova": ("profile::nova::common",),
    "profile::nova::compute": ("profile::nova::common", "profile::ovn::controller"),
    "profile::neutron": ("profile::neutron::common",),
    "profile::ovn::metadata": ("profile::neutron::common", "profile::ovn::controller"),
}


# -- who has a profile


@given(st.lists(st.sampled_from(sorted(ROLES)), max_size=8))
def test_those_with_a_profile_are_the_members_of_all_roles_that_have_it_in_their_order(given_roles: list[str]) -> None:
    wanted = fleet(tuple(given_roles))
    for profile in (*PROFILES, "profile::nothing"):
        having = [one for one in wanted.members if profile in ROLES[one.role].profiles]
        assert list(wanted.with_profile(profile)) == having
        assert [one for one in wanted.members if is_first(wanted, profile, one)] == having[:1]


def test_a_member_whose_role_has_no_file_any_more_has_no_profile() -> None:
    left = {name: role for name, role in ROLES.items() if name != "controller"}
    without = replace(THREE, roles=left, members=in_order(THREE.members, left))
    assert without.with_profile("profile::mariadb") == () and len(without.with_profile("profile::base")) == 2


def test_members_with_a_profile_are_looked_for_once() -> None:
    assert THREE.with_profile("profile::mariadb") is THREE.with_profile("profile::mariadb")


@pytest.mark.parametrize("name", ROLES)
def test_a_role_has_what_its_profiles_need_of_the_same_machine_and_before_them(name: str) -> None:
    profiles = ROLES[name].profiles
    for profile in profiles:
        for needed in NEEDS.get(profile, ()):
            assert needed in profiles, f"{profile} of the role {name} needs {needed}"
            if needed.endswith("::common"):  # Puppet reads classes in their order, and it is looked into
                assert profiles.index(needed) < profiles.index(profile)


def test_profiles_may_be_parted_over_roles_of_an_operator() -> None:
    split = {
        **ROLES,
        "sql": parse("sql", {"name": "sql", "order": 1, "profiles": ["profile::base", "profile::mariadb"]}),
        "api": parse("api", {"name": "api", "order": 2, "profiles": ["profile::base", "profile::keystone"]}),
    }
    wanted = fleet(("api", "sql", "sql"), split)
    told = enc(wanted, wanted.with_role("sql")[1])["classes"]["profile::mariadb"]
    assert (told["first"], len(told["members"]), list(told["owners"])) == (False, 2, ["keystone"])
    assert enc(wanted, wanted.with_role("api")[0])["classes"]["profile::keystone"]["cloud"]["first"] is True


# -- the front


def test_a_cluster_without_its_virtual_address_is_told_what_it_lacks() -> None:
    for vips in ((), (Vip(f"other.{DOMAIN}", INSTALLED_OVER, "10.77.0.100"),)):
        for one in THREE.with_role("controller"):
            with pytest.raises(BadProfile, match=r"demo has no virtual address called api.*give it one"):
                enc(replace(THREE, vips=vips), one)
        network = THREE.with_role("network")[0]
        assert enc(replace(THREE, vips=vips), network)["classes"], "who runs no service is asked for none"


def test_the_front_may_have_an_address_of_each_family() -> None:
    both = (*VIPS, Vip(VIPS[0].fqdn, INSTALLED_OVER, "fd00::100"))
    wanted = replace(THREE, vips=both)
    assert front(wanted) == both
    one = replace(wanted.members[0], addresses=((INSTALLED_OVER, "10.77.1.1"), (INSTALLED_OVER, "fd00::1")))
    wanted = replace(wanted, members=(one, *wanted.members[1:]))
    assert PROFILES["profile::haproxy"].parameters(wanted, one)["front"] == ["10.77.0.100", "fd00::100"]
    assert PROFILES["profile::base"].parameters(wanted, one)["hosts"][VIPS[0].fqdn] == "10.77.0.100"
    routers = PROFILES["profile::keepalived"].parameters(wanted, one)["routers"]
    assert {vip: told["own"] for vip, told in routers.items()} == {"10.77.0.100": "10.77.1.1", "fd00::100": "fd00::1"}
    with pytest.raises(BadProfile, match="no address of the family of fd00::100"):
        PROFILES["profile::keepalived"].parameters(wanted, wanted.members[1])


def test_a_path_of_the_front_is_nobody_elses_and_begins_no_other() -> None:
    paths = [way.path for way in WAYS.values() if way.path]
    assert len(set(paths)) == len(paths) and all(path.count("/") == 1 for path in paths)
    assert {"/identity", "/image", "/placement", "/compute", "/network"} <= set(paths)
    assert all(way.path or way.when for way in WAYS.values())
    assert len({way.port for way in WAYS.values()} | {way.local for way in WAYS.values() if way.local}) == len(WAYS) + 1


def test_who_speaks_no_tls_is_offered_by_the_machine_that_runs_it_alone() -> None:
    split = {
        **ROLES,
        "front": parse("front", {"name": "front", "order": 1, "profiles": ["profile::base", "profile::haproxy"]}),
    }
    wanted = fleet(("front", "controller"), split)
    ways = {one.role: PROFILES["profile::haproxy"].parameters(wanted, one) for one in wanted.members}
    assert ways["front"]["local"] == {} and ways["controller"]["local"] == {"glance": {"port": 9293, "to": 9292}}
    assert ways["front"]["ways"] == ways["controller"]["ways"]


@given(st.integers(0, 2**32 - 1))
def test_a_virtual_router_has_a_number_that_vrrp_takes(number: int) -> None:
    text = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    assert 1 <= router_id(text) <= 255


def test_only_one_member_has_the_highest_priority() -> None:
    told = [PROFILES["profile::keepalived"].parameters(THREE, one) for one in THREE.with_role("controller")]
    assert [one["priority"] for one in told] == [200, 199, 198]
    assert [len(one["routers"]["10.77.0.100"]["peers"]) for one in told] == [2, 2, 2]
    assert told[0]["routers"]["10.77.0.100"]["prefix"] == int(NETWORKS[0].cidr.partition("/")[2])


# -- addresses and names


def test_services_speak_on_the_network_of_management_where_there_is_one() -> None:
    one = replace(member(1, "controller", 1), addresses=((INSTALLED_OVER, "10.77.1.1"), ("management", "10.78.1.1")))
    assert address(one) == "10.78.1.1" and address(member(1, "controller", 1)) == "10.77.1.2"
    wanted = replace(THREE, members=(one, *THREE.members[1:]))
    assert addresses(wanted, "profile::mariadb")[0] == "10.78.1.1"


def test_an_address_of_ipv6_stands_in_brackets_where_a_port_follows() -> None:
    members = tuple(replace(one, addresses=((INSTALLED_OVER, f"fd00::{one.machine_id}"),)) for one in THREE.members)
    wanted: Fleet = replace(THREE, members=members, vips=(Vip(VIPS[0].fqdn, INSTALLED_OVER, "fd00::100"),))
    told = enc(wanted, wanted.with_role("controller")[0])["classes"]
    assert told["profile::keystone"]["cloud"]["rabbits"][0] == "[fd00::1]"
    assert told["profile::keystone"]["cloud"]["memcached"][0] == "[fd00::1]:11211"
    assert told["profile::neutron"]["north"][0] == "ssl:[fd00::1]:6641"
    assert told["profile::mariadb"]["members"][0] == "fd00::1"


def test_members_of_the_queue_know_each_other_without_dns_and_nobody_else_does() -> None:
    hosts = {one.hostname: PROFILES["profile::base"].parameters(THREE, one)["hosts"] for one in THREE.members}
    assert {f"controller{i}.{DOMAIN}" for i in (1, 2, 3)} <= set(hosts["controller1"])
    assert not [name for name in hosts["compute1"] if name.startswith("controller")]


# -- secrets and certificates


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_declares_what_it_gives_and_gives_what_it_declares(name: str) -> None:
    wanted = fleet(("allinone", "controller", "compute"))
    given_marks = {mark.name for mark in marks(parameters_of(name, PROFILES[name], wanted, wanted.with_profile(name)[0]))}
    assert given_marks == PROFILES[name].marks


def test_a_mark_of_a_certificate_comes_with_its_name_and_with_no_other() -> None:
    def parameters(_fleet: Fleet, _member: object) -> dict[str, object]:
        return {"held": [Secret("host.key"), Secret("host.crt"), Secret("cluster.ca")]}

    one = THREE.members[0]
    assert parameters_of("a", Profile(parameters, certificates=("host",)), THREE, one)
    for certificates in ((), ("api",)):
        with pytest.raises(BadProfile, match=r"'host\.key', which it does not declare"):
            parameters_of("a", Profile(parameters, certificates=certificates), THREE, one)


# -- how much of a machine


@pytest.mark.parametrize(
    ("gib", "cores", "wanted", "found"),
    [
        (0, 0, 0, 1),  # nothing was ever reported
        (8, 4, 0, 1),
        (11.9, 8, 0, 1),
        (12, 8, 0, 2),
        (24, 8, 0, 3),
        (24, 2, 0, 2),
        (48, 0, 0, 4),
        (96, 32, 0, 6),
        (512, 64, 0, 8),
        (512, 64, 1, 1),
        (4, 2, 16, 16),
    ],
)
def test_processes_by_memory_and_cores(gib: float, cores: int, wanted: int, found: int) -> None:
    assert processes(int(gib * GIB), cores, wanted) == found


@given(st.integers(0, 2**45), st.integers(0, 1024))
def test_more_memory_never_means_fewer_processes_and_they_take_a_third_of_it_at_most(memory: int, cores: int) -> None:
    number = processes(memory, cores)
    assert 1 <= number <= processes(memory + GIB, cores) <= PROCESSES[0][1] and (not cores or number <= cores)
    assert number == 1 or 2.7 * GIB + (number - 1) * 1.2 * GIB <= memory / 3 + 0.1 * GIB


@given(st.integers(0, 2**45))
def test_the_database_keeps_what_a_machine_can_spare(memory: int) -> None:
    pool = database_pool(memory)
    assert LEAST_POOL <= pool <= MOST_POOL and (pool == LEAST_POOL or pool * MIB <= memory / 16)


def test_flavors_are_told_to_the_first_that_makes_them_and_to_nobody_else() -> None:
    words = ("m1.tiny:1:512:1", "big:64:262144:0")
    wanted = replace(THREE, site=replace(SITE, flavors=words))
    first, *others = (
        enc(wanted, one)["classes"]["profile::nova"]["flavors"] for one in wanted.with_profile("profile::nova")
    )
    assert {name: [each["vcpus"], each["ram"], each["disk"]] for name, each in first.items()} == {
        "m1.tiny": [1, 512, 1],
        "big": [64, 262144, 0],
    }
    assert others == [{}, {}]


def test_flavors_of_the_configuration_that_are_none_are_told_and_keep_nobody_else_waiting() -> None:
    wanted = replace(THREE, site=replace(SITE, flavors=("m1.tiny:1",)))
    first, *others = wanted.members
    with pytest.raises(BadProfile, match=r"setting flavors cannot be used: 'm1.tiny:1' is not like that. It must be"):
        enc(wanted, first)
    assert all(enc(wanted, one)["classes"] for one in others)


def test_settings_reach_those_who_use_them() -> None:
    site = replace(SITE, api_workers=5, log_level="debug", region="north", virt_type="qemu", external_interface="eth9")
    wanted = replace(THREE, site=replace(site, datapath_type="netdev"))
    told = enc(wanted, wanted.with_role("compute")[0])["classes"]
    shared = told["profile::nova::compute"]["cloud"]
    assert (shared["workers"], shared["debug"], shared["region"]) == (5, True, "north")
    assert told["profile::nova::compute"]["virt_type"] == "qemu"
    assert told["profile::ovn::controller"]["datapath_type"] == "netdev"
    assert told["profile::ovn::controller"]["interface"] == "eth9"
