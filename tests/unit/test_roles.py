"""Roles are data: the product's files are sound, and a wrong file is refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.domain.cluster.roles import BadRole, Role, hostname, next_number, parse
from oci.domain.networks.networks import PURPOSES

FOLDER = Path(__file__).resolve().parents[2] / "oci" / "roles"
FILES = sorted(FOLDER.glob("*.yaml"))
GOOD = {"name": "proxy", "title": "Proxy", "order": 7, "profiles": ["profile::base"]}


def load(path: Path) -> Role:
    return parse(path.stem, yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_role_of_the_product_is_sound(path: Path) -> None:
    role = load(path)
    assert role.title != role.name and role.profiles
    assert set(role.networks) <= set(PURPOSES)
    assert {name for name, _ in role.needs} <= {p.stem for p in FILES}


def test_roles_come_in_one_order_that_follows_their_needs() -> None:
    roles = {path.stem: load(path) for path in FILES}
    assert len({role.order for role in roles.values()}) == len(roles)
    for role in roles.values():
        for needed, count in role.needs:
            assert roles[needed].order < role.order and count > 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "other"}, "must be the file's own name"),
        ({"name": "Proxy"}, "lower case"),
        ({"profiles": []}, "needs profiles"),
        ({"profiles": ["profile::base; exec"]}, "needs profiles"),
        ({"profiles": ["role::base"]}, "needs profiles"),
        ({"flavour": "sweet"}, "unknown keys"),
        ({"hostname": "{role}"}, "must hold {number}"),
        ({"hostname": "{role.__class__}{number}"}, "only a-z, 0-9 and -"),
        ({"hostname": "$(reboot){number}"}, "only a-z, 0-9 and -"),
    ],
)
def test_a_refusal_says_where_and_why(change: dict[str, object], says: str) -> None:
    with pytest.raises(BadRole, match=says):
        parse("proxy", {**GOOD, **change})


@pytest.mark.parametrize("data", [None, [], "proxy", 7])
def test_a_file_that_is_no_mapping(data: object) -> None:
    with pytest.raises(BadRole, match="start it with 'name: proxy'"):
        parse("proxy", data)


def test_what_a_file_may_leave_out() -> None:
    role = parse("proxy", {"name": "proxy", "profiles": ["profile::base"]})
    assert (role.title, role.hostname, role.networks, role.needs) == (
        "proxy",
        "{role}{number}",
        ("provisioning",),
        (),
    )


def test_host_names_follow_the_pattern() -> None:
    assert hostname(parse("proxy", GOOD), 3) == "proxy3"
    assert hostname(parse("proxy", {**GOOD, "hostname": "rack1-{number}-px"}), 12) == "rack1-12-px"


@settings(deadline=None)
@given(st.sets(st.integers(1, 50)))
def test_the_lowest_free_number_is_next(taken: set[int]) -> None:
    number = next_number(taken)
    assert number >= 1 and number not in taken and set(range(1, number)) <= taken
