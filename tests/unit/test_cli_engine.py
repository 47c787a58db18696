"""The engine of ocicli knows no noun of the product: all of them are in the contract, and what is said of them too."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oci.client.engine import command
from oci.client.engine.contract import SHIPPED
from oci.client.terminal import look, table
from oci.domain.machines.lifecycle import STATES

CLIENT = Path(command.__file__).parents[1]
ENGINE = sorted(path for path in CLIENT.rglob("*.py") if path.name != "by_hand.py")
# Words that a noun of the product shares with Python, HTTP or English. Each is told where and why.
SHARED: dict[str, str] = {
    "join": "str.join",
    "split": "str.split",
    "list": "Python's list",
    "range": "Python's range",
    "why": "the docstrings' what, why, what instead",
    "password": "OpenAPI's format of a secret",
    "secret": "what a password is",
    "secrets": "what passwords are",
    "passwords": "OpenAPI's format of a secret",
    "conflict": "HTTP's 409",
    "check": "what somebody is told to do",
    "run": "what is done with a command",
    "runs": "whether an appliance does",
    "failed": "what went wrong, with the appliance's word for it in errors",
}
# Signing in comes before any contract: what carries the credential may name it.
SIGN_IN = {"api.py": {"token", "tokens", "session", "sessions"}, "profile.py": {"token", "tokens"}}


def document() -> dict[str, Any]:
    contract: dict[str, Any] = json.loads(SHIPPED.read_bytes())
    return contract


def nouns() -> set[str]:
    """Tags, words of paths, names of lists, nouns of commands and states, each as one and as many."""
    contract = document()
    operations = [told for item in contract["paths"].values() for told in item.values()]
    named = {told["operationId"].partition(".")[0] for told in operations}
    named |= {tag for told in operations for tag in told["tags"]}
    named |= {word for path in contract["paths"] for word in path.removeprefix("/v1/").split("/") if "{" not in word}
    named |= {schema["x-rows"] for schema in contract["components"]["schemas"].values() if "x-rows" in schema}
    words = {word for name in named | set(STATES) for word in re.findall("[a-z]+", name.lower())}
    return words | {f"{word}s" for word in words} | {word.removesuffix("s") for word in words}


def said(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every name and every string of a file, docstrings too."""
    for node in ast.walk(ast.parse(path.read_text())):
        line = getattr(node, "lineno", 0)
        for field in ("id", "attr", "arg", "name", "asname", "module"):
            if isinstance(text := getattr(node, field, None), str):
                yield line, text
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield line, node.value


def words_of(text: str) -> set[str]:
    """The words in a name or sentence: machineList, machine_list and `machine list` have the same two."""
    return set(re.findall("[a-z]+", re.sub("([a-z])([A-Z])", r"\1 \2", text).lower()))


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: path.name)
def test_no_noun_and_no_path_of_the_product_is_in_the_engine(path) -> None:
    forbidden = nouns() - set(SHARED) - SIGN_IN.get(path.name, set())
    found = [
        f"{path.name}:{line}: {sorted(words_of(text) & forbidden)}"
        for line, text in said(path)
        if words_of(text) & forbidden
    ]
    assert not found, (
        "what is said of a noun belongs into the contract (oci/schemas/looks.py, oci/api/operators/parts/told.py)"
    )
    assert not [line for line, text in said(path) if "/v1" in text]


def test_the_nouns_are_those_of_the_product() -> None:
    assert {"machine", "machines", "disk", "cluster", "network", "role", "job", "person", "event", "power"} <= nouns()
    assert words_of("MachineList of_events") == {"machine", "list", "of", "events"}


def test_a_word_that_is_shared_is_used_and_is_a_noun_of_the_product() -> None:
    used = {word for path in ENGINE for _, text in said(path) for word in words_of(text)}
    assert set(SHARED) <= used
    assert set(SHARED) - {"list"} <= nouns()


# --- another product, for which the same engine serves

GARDEN: dict[str, Any] = {
    "components": {
        "schemas": {
            "Plant": {
                "properties": {
                    "name": {"type": "string"},
                    "health": {"enum": ["fresh", "dry"], "x-tones": {"dry": "bad"}},
                    "sown": {"anyOf": [{"type": "number"}, {"type": "null"}], "x-show": "time"},
                    "seed_bytes": {"x-show": "GB"},
                    "roots": {"x-show": "hidden"},
                    "growth": {"anyOf": [{"$ref": "#/components/schemas/Growth"}, {"type": "null"}]},
                }
            },
            "Growth": {"x-line": {"title": "{kind}", "text": "{percent} %[: {doing}]", "unless": "over"}},
            "Plants": {
                "x-rows": "plants",
                "x-columns": [{"member": "name", "title": "NAME"}, {"member": "sown", "title": "SOWN", "new": 1}],
                "properties": {"plants": {"items": {"$ref": "#/components/schemas/Plant"}}},
            },
        }
    },
    "paths": {
        "/plants": {
            "get": {
                "operationId": "plant.list",
                "parameters": [{"name": "health", "in": "query", "schema": {"enum": ["", "fresh", "dry"]}}],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Plants"}}}}},
                "x-follow": {"verb": "watch", "options": [], "summary": "See them grow"},
            },
            "post": {
                "operationId": "plant.sow",
                "responses": {"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Plant"}}}}},
            },
        }
    },
}


def garden() -> dict[tuple[str, str], command.Command]:
    return command.commands(GARDEN)


def test_columns_and_choices_come_from_the_contract() -> None:
    listing = garden()["plant", "list"]
    assert listing.options[0].choices == ("", "fresh", "dry")
    text = table.table(listing.look, [{"name": "fern", "sown": None, "roots": "long"}], None, False)
    assert [line.split() for line in text.splitlines()] == [["NAME", "SOWN"], ["fern"]]


def test_what_is_followed_is_a_command_of_its_own() -> None:
    watch = garden()["plant", "watch"]
    assert (watch.summary, watch.options, watch.route) == ("See them grow", (), "/plants")


def test_a_sheet_shows_units_tones_and_lines() -> None:
    data = {"name": "fern", "health": "dry", "sown": 0, "seed_bytes": 2_000_000_000, "roots": "long"}
    growing = {**data, "growth": {"kind": "leaf", "percent": 7, "doing": "unfolding", "over": ""}}
    shown = table.sheet(garden()["plant", "sow"].look, growing, True)
    assert "health" in shown and "\x1b[31mdry\x1b[0m" in shown
    assert re.search(r"^seed +2 GB$", shown, re.MULTILINE) and "long" not in shown
    assert shown.splitlines()[-1].split(maxsplit=1) == ["leaf", "7 %: unfolding"]
    over = {**growing, "growth": {**growing["growth"], "over": "done"}}
    assert "unfolding" not in table.sheet(garden()["plant", "sow"].look, over, True)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{name}", "fern"),
        ("{leaf.colour} and {leaf.no.where}.", "green and ."),
        ("{name}[: {reason}]", "fern"),
        ("{name}[: {leaf.colour}]", "fern: green"),
        ("{size|GB}, {none|dash}, {size|unheard}", "1.5 TB, -, 1500000000000"),
        ("{evil}", "\ufffd[31m{name}"),
        ("{name|time}", "fern"),
    ],
)
def test_a_template_is_filled_with_plain_text(template: str, text: str) -> None:
    data = {"name": "fern", "leaf": {"colour": "green"}, "size": 1.5e12, "evil": "\x1b[31m{name}", "reason": ""}
    assert look.say(template, data) == text.replace("1500000000000", "1500000000000.0")
