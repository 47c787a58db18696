"""An operation has one name: the use case, its route, `ocicli`, the pages and the matrix of permissions call it so."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources import ROOT, files, name_of, report, tree

from docs.generate import OPENAPI, REFERENCE, operations
from oci.domain.levels import PERSONAL
from oci.services.usecase import OPERATIONS, Operation, operation_of, usecase
from webui.places import PLACES

# Routes behind which there is no use case of their own.
WITHOUT = {
    "me": "tells the one who asks who that is",
    "session.create": "signs somebody in, who is nobody before",
}


def rest() -> set[str]:
    document = json.loads(OPENAPI.read_text())
    return {told["operationId"] for item in document["paths"].values() for told in item.values() if "operationId" in told}


def test_every_operation_of_rest_is_a_use_case_of_that_name() -> None:
    names = {operation.name for operation in operations()}
    assert rest() - names == set(WITHOUT) and len(rest()) > 40


def _called(path: Path) -> Iterator[tuple[str, Operation]]:
    """The functions of routes in a file, each with the use case that it calls with the one who asks."""
    modules = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("oci.services")
        for alias in node.names
    }
    for route in ast.walk(tree(path)):
        if not isinstance(route, ast.FunctionDef) or not route.decorator_list:
            continue
        for call in ast.walk(route):
            if isinstance(call, ast.Call) and call.args and ast.unparse(call.args[0]) == "ctx()":
                module, _, name = ast.unparse(call.func).rpartition(".")
                use_case = getattr(importlib.import_module(modules[module]), name)
                if hasattr(use_case, "operation"):  # health is shown by a function around one
                    yield route.name, operation_of(use_case)


def test_a_route_calls_the_use_case_of_its_own_name() -> None:
    found = [
        (path, name, operation)
        for path in files("api")
        if "operators" in path.parts and path.parent.name != "operators"
        for name, operation in _called(path)
    ]
    assert len(found) > 35
    report(
        [
            f"{name_of(path)}: {name} calls {operation.name}"
            for path, name, operation in found
            if name != re.sub(r"[.-]", "_", operation.name)
        ]
    )


def test_what_the_pages_ask_about_permission_exists() -> None:
    asked = {place.operation for place in PLACES}
    for page in (ROOT / "webui/templates").rglob("*.html"):
        asked |= set(re.findall(r"may\('([^']+)'\)", page.read_text()))
    assert len(asked) > 8 and asked <= {operation.name for operation in operations()}


def test_no_page_names_a_level_that_a_use_case_knows() -> None:
    found = [
        f"{name_of(path)}:{call.lineno}: needs() is given use cases"
        for path in files("webui")
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "needs"
        for value in [*call.args, *(word.value for word in call.keywords)]
        if isinstance(value, ast.Constant)
    ]
    report(found)


def test_the_matrix_says_what_each_level_may_do() -> None:
    text = (REFERENCE / "permissions.md").read_text()
    for operation in operations():
        assert f"`{operation.name}`" in text, operation.name
        if operation.level in PERSONAL:
            marks = ["yes" if PERSONAL.index(level) >= PERSONAL.index(operation.level) else "" for level in PERSONAL]
            line = next(line for line in text.splitlines() if line.startswith(f"| `{operation.name}` |"))
            assert [cell.strip() for cell in line.split("|")[3:6]] == marks


def test_every_use_case_has_a_name_of_its_own() -> None:
    decorated = [
        decorator.args[0].value  # type: ignore[attr-defined]
        for path in files("services")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "usecase"
    ]
    assert len(decorated) == len(set(decorated)) > 80
    assert set(decorated) == {operation.name for operation in operations()}


@pytest.mark.parametrize(
    ("name", "level", "words"),
    [
        ("machine.assign", "viewer", "name one otherwise|one name, one use case"),
        ("assign machine", "viewer", "NOUN.VERB"),
        ("test.level", "owner", "no level"),
    ],
)
def test_a_use_case_that_is_named_or_permitted_wrongly_does_not_start(name: str, level: str, words: str) -> None:
    operations()
    with pytest.raises(ValueError, match=words):
        usecase(name, level)(lambda ctx: None)


def test_a_use_case_tells_its_operation() -> None:
    @usecase("test.tells", "viewer", reads=True)
    def tells(ctx) -> None: ...

    assert operation_of(tells) == OPERATIONS["test.tells"] == Operation("test.tells", "viewer", True, __name__)
