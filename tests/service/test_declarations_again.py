"""Documents as people change them: other spellings and order, things that swap places, and text that is meant badly."""

# ruff: noqa: F811 (fixtures)

from __future__ import annotations

import pytest
from test_declarations import CLOUD, apply, everything, export, mistakes, networks_of, rack  # noqa: F401
from test_races import at_once

from oci.problems import Mistaken, Problem
from oci.services.clusters import networks
from oci.services.machines import look

SIX = """\
cluster: demo
domain: demo.test
network: prov
networks:
  prov:
    cidr: FD00:77::/64
    gateway: FD00:77::0001
    dns: [FD00:77:0::1]
    routes: ["FD00:99:0::/48=FD00:77:0::1"]
    ranges:
    - {first: "FD00:77::0011", last: "fd00:77:0::FF", use: machines}
    - {first: "FD00:77::0A00", last: "fd00:77:0::AFF", use: vip}
addresses:
  api: {network: prov, address: "FD00:77:0::0A01"}
roles:
  controller:
    machines:
    - machine: 52:54:00:00:00:01
      addresses: {prov: "FD00:77:0::0050"}
"""


def test_another_spelling_of_an_address_is_the_same(rack) -> None:
    assert apply(rack, SIX)
    assert len(networks.show_network(rack.ctx(), "prov").ranges) == 2
    before = everything(rack)
    assert apply(rack, SIX) == [] and everything(rack) == before
    assert apply(rack, export(rack)) == [] and everything(rack) == before


def ranges(text: str) -> str:
    old = "    - {first: 10.77.0.11, last: 10.77.0.90, use: machines}\n"
    assert old in CLOUD
    return CLOUD.replace(old, text)


@pytest.mark.parametrize(
    "new",
    [
        "    - {first: 10.77.0.11, last: 10.77.0.199, use: machines}\n",
        "    - {first: 10.77.0.5, last: 10.77.0.90, use: machines}\n",
        "    - {first: 10.77.0.11, last: 10.77.0.90, use: machines, note: old rack}\n",
        "    - {first: 10.77.0.11, last: 10.77.0.60}\n    - {first: 10.77.0.61, last: 10.77.0.90, use: reserved}\n",
        "    - {first: 10.77.0.30, last: 10.77.0.90, use: machines}\n",
    ],
)
def test_ranges_become_others(rack, new: str) -> None:
    apply(rack)
    first = export(rack)
    assert apply(rack, ranges(new)) and apply(rack, ranges(new)) == []
    apply(rack, first)
    assert apply(rack, first) == []


def test_two_ranges_become_one_and_one_two(rack) -> None:
    two = ranges("    - {first: 10.77.0.11, last: 10.77.0.60}\n    - {first: 10.77.0.61, last: 10.77.0.90}\n")
    apply(rack, two)
    assert apply(rack, CLOUD) and apply(rack, CLOUD) == []
    assert apply(rack, two) and apply(rack, two) == []


def test_virtual_addresses_swap(rack) -> None:
    one = CLOUD.replace(
        "  api: {network: prov}\n",
        "  api: {network: prov, address: 10.77.0.200}\n  sql: {network: prov, address: 10.77.0.201}\n",
    )
    apply(rack, one)
    other = one.replace(".200}\n", ".x}\n").replace(".201}\n", ".200}\n").replace(".x}\n", ".201}\n")
    assert other != one
    assert apply(rack, other) and apply(rack, other) == []


def test_what_has_an_address_by_name_has_it_before_whoever_takes_the_next_free_one(rack) -> None:
    text = CLOUD.replace(
        "  api: {network: prov}\n", "  api: {network: prov}\n  sql: {network: prov, address: 10.77.0.200}\n"
    ).replace("addresses: {prov: 10.77.0.50}", "addresses: {prov: 10.77.0.11}\n      settings: {}")
    apply(rack, text)
    assert networks_of(rack, vip="sql") == ["10.77.0.200"] and networks_of(rack, vip="api") == ["10.77.0.201"]


def test_machines_of_an_export_swap_places(rack) -> None:
    apply(rack)
    text = export(rack).replace("00:01", "00:0x").replace("00:02", "00:01").replace("00:0x", "00:02")
    assert apply(rack, text)
    assert look.show(rack.ctx(), "2").name == "controller1.demo.test" and apply(rack, text) == []


def test_a_machine_is_meant_by_the_name_that_it_had_when_the_document_was_written(rack) -> None:
    text = CLOUD.replace("machine: 52:54:00:00:00:01", "machine: machine-1").replace(
        "    - 52:54:00:00:00:02\n", "    - {machine: machine-2, settings: {attempts: 4}}\n"
    )
    assert apply(rack, text)
    assert look.show(rack.ctx(), "1").role == "controller"


def test_a_role_that_is_left_out_takes_its_settings_with_it(rack) -> None:
    apply(rack)
    less = CLOUD[: CLOUD.index("  controller:")] + CLOUD[CLOUD.index("  compute:") :]
    assert apply(rack, less)
    assert "attempts" not in export(rack)


def test_keeping_a_network_for_one_cluster_is_told(rack) -> None:
    apply(rack)
    free = CLOUD.replace("    exclusive: true\n", "")
    told = apply(rack, free)
    assert told and "storage" in told[0], told
    assert apply(rack, CLOUD) and networks.show_network(rack.ctx(), "storage").cluster == "demo"


def test_no_network_of_others_is_kept_for_one(rack) -> None:
    apply(rack, CLOUD.replace("    exclusive: true\n", ""))
    second = "cluster: two\ndomain: two.test\nnetwork: prov\naddresses:\n  sql: {network: storage, address: 10.79.0.100}\n"
    apply(rack, second)
    ((_line, where, text),) = mistakes(rack, CLOUD)
    assert where == "networks.storage" and "two" in text
    base = CLOUD.replace("    exclusive: true\n", "").replace("    ranges:\n", "    exclusive: true\n    ranges:\n", 1)
    assert any("two" in text for _l, _w, text in mistakes(rack, base))


def test_one_mistake_has_no_followers(rack) -> None:
    apply(rack)
    new = export(rack).replace("52:54:00:00:00:01", "52:54:00:00:00:05").replace("attempts: '5'", "attempts: '500'")
    found = mistakes(rack, new)
    assert [where for _l, where, _t in found] == ["roles.controller.settings.attempts"], found


COMPUTE = "roles.compute.machines[2].addresses.prov"
NO_TEXT = "can be in no text"


@pytest.mark.parametrize(
    ("old", "new", "below", "where", "words"),
    [
        # The line is that of the mistake itself: the second of what stands in several.
        ("{network: prov}", "\n    network: prov\n    adress: 10.77.0.201", 2, "addresses.api.adress", "not known here"),
        ("{network: prov}", "\n  - network: prov\n  - {network: prov, ip: x}", 2, "addresses.api[2].ip", "not known here"),
        (
            "{network: prov}",
            "\n  - network: prov\n  - {network: prov, address: 10.77.0.9}",
            1,
            "addresses.api[1]",
            "in line 23",
        ),
        ("{prov: 10.77.0.50}", '{prov: ""}', 0, COMPUTE, "too short"),
        ("{prov: 10.77.0.50}", "{prov: " + "1" * 300 + "}", 0, COMPUTE, "longer than 64"),
        ("{prov: 10.77.0.50}", "{prov: 10.77.0.050}", -2, "roles.compute.machines[2]", "is no address"),
        ("{prov: 10.77.0.50}", '{"prov=10.77.0.50": "xx"}', -2, "roles.compute.machines[2]", "is no address"),
        ("{prov: 10.77.0.50}", "{prov: 10.77.0.200}", -2, "roles.compute.machines[2]", "is for vip"),
        ("vlan: 20", "vlan: " + "9" * 5000, 0, "networks.storage.vlan", "must be a whole number"),
        ("vlan: 20", "vlan: 0x14", 0, "networks.storage.vlan", "must be a whole number"),
        ("mtu: 9000", "\tmtu: 9000", 0, "", "'\\t'"),
        ("mtu: 9000", '"a": "\\UFFFFFFFF"', 0, "", "names no character"),
        ("mtu: 9000", 'place: "\\U00110000"', 0, "", "names no character"),
        ("mtu: 9000", 'place: "\\uD800"', 0, "", NO_TEXT),
        ("mtu: 9000", 'place: "\\0"', 0, "", NO_TEXT),
        ("mtu: 9000", '"\\e[31m": red', 0, "", NO_TEXT),
        ("ntp_servers:", '"\\uD800":', 0, "", NO_TEXT),
        ("52:54:00:00:00:02", "9" * 200, 0, "roles.compute.machines[1]", "no machine is called"),
        ("52:54:00:00:00:02", '"²"', 0, "roles.compute.machines[1]", "no machine is called"),
        ("  compute:", "  <<:", 0, "roles.<<", "no role is called"),
    ],
)
def test_text_that_is_meant_badly_is_a_mistake_in_its_line(rack, old, new, below, where, words) -> None:
    before = everything(rack)
    ((line, at, text),) = mistakes(rack, CLOUD.replace(old, new, 1))
    assert (line, at) == (CLOUD[: CLOUD.index(old)].count("\n") + 1 + below, where) and words in text, (line, at, text)
    assert everything(rack) == before


def test_a_network_that_gives_machines_no_address_is_exported_too(rack) -> None:
    second = "  prov6: {cidr: 'fd00:77::/64'}\naddresses:\n"
    apply(rack, CLOUD.replace("addresses:\n", second, 1))
    first = export(rack)
    assert "prov6:" in first and apply(rack, first) == [] and export(rack) == first


def test_many_who_apply_one_document_at_once_make_one_cluster(rack) -> None:
    answers = at_once([lambda: apply(rack) for _ in range(6)])
    assert not [one for one in answers if isinstance(one, Problem)], answers
    assert sum(bool(told) for told in answers) == 1, "whoever came second found all so already"
    assert apply(rack) == []


def test_two_who_apply_documents_that_want_the_same_machines_get_one_of_them_whole(rack) -> None:
    other = (
        CLOUD.replace("cluster: demo", "cluster: two").replace("demo.test", "two.test").replace("attempts: 5", "attempts: 7")
    )
    answers = at_once([lambda text=text: apply(rack, text) for text in (CLOUD, other) * 3])
    refused = [one for one in answers if isinstance(one, Problem)]
    assert len(refused) == 3 and all(isinstance(one, Mistaken) for one in refused), answers
    again = at_once([lambda text=text: apply(rack, text) for text in (CLOUD, other)])
    assert sorted(map(bool, again)) == [False, True] and [] in again, again


def test_two_who_change_one_cluster_at_once_leave_what_the_last_said(rack) -> None:
    apply(rack)
    texts = [
        CLOUD.replace("attempts: 5", f"attempts: {number}").replace("mtu: 9000", f"mtu: {number}000") for number in (2, 4)
    ]
    at_once([lambda text=text: apply(rack, text) for text in texts * 2])
    now = export(rack)
    assert [("attempts: '2'" in now, "mtu: 2000" in now)] in ([(True, True)], [(False, False)])
