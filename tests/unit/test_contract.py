"""What the contract says beside OpenAPI's own words fits together: members exist, words are choices, lists can be named."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from oci import schemas
from oci.client.engine.command import Command, _answer, _resolve, commands
from oci.client.engine.contract import SHIPPED
from oci.client.terminal.look import PLACE, SHOWS, TONES
from oci.domain.activity.events import EVENTS
from oci.domain.activity.jobs import JOB_STATES
from oci.domain.levels import LEVELS, PERSONAL
from oci.domain.machines.lifecycle import STATES
from oci.domain.machines.power import ORDERS
from oci.domain.networks.networks import PURPOSES
from oci.domain.path.convergence import CONVERGENCE
from oci.schemas import looks
from oci.schemas.machines.machines import MachineQuery, PowerIn
from oci.schemas.people.people import LevelIn

ROOT = Path(__file__).resolve().parents[2]
CONTRACT: dict[str, Any] = json.loads(SHIPPED.read_bytes())
SCHEMAS: dict[str, Any] = CONTRACT["components"]["schemas"]
OPERATIONS = {told["operationId"]: told for item in CONTRACT["paths"].values() for told in item.values()}
COMMANDS = commands(CONTRACT)


def answer(operation: str) -> dict[str, Any]:
    return _answer(CONTRACT, OPERATIONS[operation])


def reaches(schema: dict[str, Any], path: str) -> bool:
    """Whether an answer with `schema` can have something at `path`, such as progress.title."""
    for name in path.split("."):
        schema = _resolve(CONTRACT, schema)
        if "properties" not in schema:
            return schema.get("additionalProperties") is True or schema.get("type") == "object"
        if name not in schema["properties"]:
            return False
        schema = schema["properties"][name]
    return True


def deep(value: Any, name: str) -> Iterator[Any]:
    """Every value under the key `name`, wherever it is in `value`."""
    if isinstance(value, dict):
        yield from (v for k, v in value.items() if k == name)
        for inner in value.values():
            yield from deep(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from deep(inner, name)


def places(template: str) -> list[str]:
    return [place[1] for place in PLACE.finditer(template)]


@pytest.mark.parametrize("name", sorted(n for n, s in SCHEMAS.items() if n.endswith("List") or "x-rows" in s))
def test_a_list_says_what_it_lists_and_what_is_said_when_it_is_empty(name: str) -> None:
    schema = SCHEMAS[name]
    rows = schema["properties"][schema["x-rows"]]
    row = _resolve(CONTRACT, rows["items"])
    assert rows["type"] == "array" and schema["x-empty"].endswith((".", "`"))
    members = [column["member"] for column in schema.get("x-columns", ())] + [schema.get("x-names", "")]
    assert set(filter(None, members)) <= set(row["properties"])
    assert {column.get("show", "") for column in schema.get("x-columns", ())} <= {"", *SHOWS}
    assert set(places(schema.get("x-below", "") + schema.get("x-more", ""))) <= {*schema["properties"], "shown"}


def test_what_names_a_thing_can_be_completed() -> None:
    named = set(deep(CONTRACT, "x-of"))
    assert {"machine.list", "cluster.list", "network.list", "role.list", "person.list", "token.list"} <= named
    for operation in named:
        listing = COMMANDS[tuple(operation.split("."))]
        assert listing.look.rows and listing.names and not any(o.required for o in listing.options)
        assert not listing.search or listing.search in {o.path[0] for o in listing.options}


def shape(path: str) -> str:
    """A path whatever the names of its parts are."""
    return re.sub(r"\{\w+\}", "{}", path)


@pytest.mark.parametrize("command", [c for c in COMMANDS.values() if c.watch], ids=lambda c: c.title)
def test_what_is_watched_comes_to_an_end_that_the_contract_knows(command: Command) -> None:
    watch, schema = command.watch, answer(f"{command.noun}.{command.verb}")
    words = _resolve(CONTRACT, schema["properties"][watch["member"]])["enum"]
    assert watch["done"] and watch["failed"] and set(watch["done"] + watch["failed"]) <= set(words)
    for template in (watch["path"], watch["line"], watch["ended"], watch["again"], f"{{{watch['percent']}}}"):
        assert all(reaches(schema, place) for place in places(template)), template
    assert shape(watch["path"]) in {shape(path) for path in CONTRACT["paths"]}


def test_what_is_confirmed_is_shown_by_members_that_exist() -> None:
    confirmed = [command for command in COMMANDS.values() if command.confirm]
    assert [command.title for command in confirmed] == ["cluster deploy", "machine release"]
    for told in (command.confirm for command in confirmed):
        schema = _answer(CONTRACT, CONTRACT["paths"][told["path"]]["get"])
        show = told["show"]
        paths = [*places(show["title"] + show["note"] + told["ask"]), told["word"], show["rows"], show["among"]]
        assert all(reaches(schema, path) for path in paths)


def test_what_is_followed_names_options_and_members_that_exist() -> None:
    told = OPERATIONS["event.list"]["x-follow"]
    options = {parameter["name"] for parameter in OPERATIONS["event.list"]["parameters"]}
    assert {*told["options"], *told["first"], *told["then"], told["after"]} <= options
    assert told["next"] in answer("event.list")["properties"]
    assert set(places(told["line"])) <= set(SCHEMAS["EventOut"]["properties"])


def test_every_manner_and_tone_is_one_that_the_command_line_knows() -> None:
    assert set(deep(CONTRACT, "x-show")) <= set(looks.SHOWS)
    assert set(looks.SHOWS) - {"hidden", "dim"} == set(SHOWS)
    assert set(looks.TONES.values()) == set(TONES)
    assert set(STATES) - set(looks.TONES) == {"discovered"}, "each state has a tone, but the one that waits for nothing"


# --- choices


@pytest.mark.parametrize(
    ("title", "flag", "choices"),
    [
        ("machine list", "--state", STATES),
        ("machine list", "--convergence", CONVERGENCE),
        ("machine power", "--power", ORDERS),
        ("job list", "--state", JOB_STATES),
        ("event list", "--kind", EVENTS),
        ("event follow", "--kind", EVENTS),
        ("network create", "--purpose", PURPOSES),
        ("person add", "--level", PERSONAL),
        ("person level", "--level", PERSONAL),
    ],
)
def test_a_closed_list_is_an_enum(title: str, flag: str, choices: Any) -> None:
    command = next(c for c in COMMANDS.values() if c.title == title)
    option = next(o for o in command.options if o.flag == flag)
    assert [choice for choice in option.choices if choice] == list(choices)


def test_no_choice_is_hidden_in_a_pattern() -> None:
    for pattern in deep(CONTRACT, "pattern"):
        assert not re.fullmatch(r"\^\(?[\w-]+(\|[\w-]+)+\)?\$", str(pattern)), (
            f"{pattern}: use OneOf of oci/schemas/choice.py"
        )


@pytest.mark.parametrize(
    ("model", "good", "bad"),
    [
        (PowerIn, {"power": "cycle"}, {"power": "Cycle"}),
        (LevelIn, {"level": "admin"}, {"level": "appliance"}),
        (MachineQuery, {"state": ""}, {"state": "act"}),
        (LevelIn, {"level": "viewer"}, {"level": ""}),
    ],
)
def test_what_comes_in_is_a_choice_or_refused_with_the_list(model: Any, good: Any, bad: Any) -> None:
    model(**good)
    with pytest.raises(ValueError, match=r"must be one of [a-z]+, "):
        model(**bad)


def test_levels_are_said_once() -> None:
    """Nobody else writes a list of them; one of them alone is a permission."""
    assert set(PERSONAL) < set(LEVELS)
    for path in (p for top in ("oci", "webui") for p in (ROOT / top).rglob("*.py") if p.name != "levels.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Tuple | ast.List | ast.Set):
                words = {e.value for e in node.elts if isinstance(e, ast.Constant)}
                assert len(words & set(PERSONAL)) < 2, f"{path.relative_to(ROOT)}:{node.lineno}"


def models() -> Iterator[type[BaseModel]]:
    """Every model of oci.schemas."""
    for module in pkgutil.walk_packages(schemas.__path__, f"{schemas.__name__}."):
        for told in vars(importlib.import_module(module.name)).values():
            if isinstance(told, type) and issubclass(told, BaseModel) and told.__module__ == module.name:
                yield told


def test_no_two_models_have_one_name() -> None:
    """The contract knows them by it, and would have the first for both, or none."""
    counted = Counter(model.__name__ for model in models())
    assert len(counted) > 70 and [name for name, times in counted.items() if times > 1] == []
