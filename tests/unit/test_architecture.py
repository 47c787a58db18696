"""Who may import whom. ARCHITECTURE.md explains why.

The tests read the source; they import nothing of it.
"""

from __future__ import annotations

import ast

import pytest
from sources import SOURCES, files, has_usecase, imports, module_of, name_of, part_of, report, tree

# part: the parts that its files may import. A part is a folder or a module of oci/, or webui.
MAY_IMPORT: dict[str, set[str]] = {
    "domain": {"domain"},
    "render": {"domain", "processes", "render"},
    "processes": set(),
    "schemas": {"domain", "schemas"},
    "config": set(),
    "ports": {"domain"},
    "db": {"domain", "db"},
    "adapters": {"domain", "ports", "adapters"},
    "problems": set(),
    "context": {"domain", "config", "ports", "db"},
    "records": {"domain", "render", "schemas", "config", "ports", "problems", "context", "db", "records"},
    "services": {
        "domain",
        "render",
        "schemas",
        "config",
        "ports",
        "problems",
        "context",
        "db",
        "records",
        "services.usecase",
    },
    "api": {"domain", "render", "schemas", "config", "ports", "problems", "context", "services", "api"},
    "webui": {"domain", "schemas", "config", "ports", "problems", "context", "services", "api", "webui"},
    "client": {"domain", "schemas", "client"},
    "worker": {"config", "ports", "context", "records", "services", "app"},
    "admin": {
        "domain",
        "processes",
        "render",
        "config",
        "ports",
        "problems",
        "context",
        "schemas",
        "db",
        "records",
        "services",
        "adapters",
        "app",
    },
    "app": {
        "domain",
        "config",
        "ports",
        "problems",
        "context",
        "db",
        "records",
        "services",
        "adapters",
        "api",
        "worker",
        "webui",
    },
}
PURE = ("domain", "processes", "render", "schemas")
# All that pure code needs of the standard library: nothing here knows a clock, a file or a socket.
PURE_MODULES = {
    "__future__",
    "base64",
    "binascii",
    "bisect",
    "collections",
    "dataclasses",
    "difflib",
    "email",  # its parser of dates
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "html",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "shlex",
    "statistics",
    "string",
    "struct",
    "textwrap",
    "typing",
    "unicodedata",
    "urllib.parse",
    "uuid",
    "zlib",
}
# Of PyYAML only what makes nodes of a text: it opens nothing.
PURE_PACKAGES = {"schemas": {"pydantic", "pydantic_core", "yaml"}}


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_it_may(part: str) -> None:
    report(
        [
            f"{name_of(path)}:{line}: {part} may not import {module}"
            for path in files(part)
            for line, module in imports(path)
            if (other := part_of(module)) and not {other, module.removeprefix("oci.")} & MAY_IMPORT[part]
        ]
    )


def test_every_part_is_in_the_table() -> None:
    parts = {part_of(module_of(path)) for path in SOURCES} - {""}
    assert parts <= set(MAY_IMPORT), f"say in the table what {sorted(parts - set(MAY_IMPORT))} may import"


def test_only_the_roots_name_adapters() -> None:
    report(
        [
            f"{name_of(path)}:{line}: only oci/app.py and oci/admin.py name adapters"
            for path in SOURCES
            if part_of(module_of(path)) not in ("app", "admin", "adapters")
            for line, module in imports(path)
            if part_of(module) == "adapters"
        ]
    )


def test_only_the_composition_root_imports_the_pages() -> None:
    report(
        [
            f"{name_of(path)}:{line}: only oci/app.py imports webui"
            for path in SOURCES
            if part_of(module_of(path)) not in ("app", "webui")
            for line, module in imports(path)
            if part_of(module) == "webui"
        ]
    )


@pytest.mark.parametrize("part", PURE)
def test_pure_parts_know_no_clock_file_socket_or_database(part: str) -> None:
    allowed = PURE_MODULES | PURE_PACKAGES.get(part, set())
    found = [
        f"{name_of(path)}:{line}: {part} is pure and may not import {module}"
        for path in files(part)
        for line, module in imports(path)
        if not {module, module.split(".")[0]} & (allowed | {"oci"})
    ]
    found += [
        f"{name_of(path)}:{node.lineno}: {part} is pure and may not call {node.func.id}()"
        for path in files(part)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("open", "print", "input", "eval", "exec", "__import__")
    ]
    report(found)


def test_use_cases_stand_in_services_alone() -> None:
    """So what is under them, records, can be called by a person's verb and by a deployment alike."""
    report(
        [
            f"{name_of(path)}: holds a use case; those belong in oci/services"
            for path in SOURCES
            if part_of(module_of(path)) != "services" and has_usecase(path)
        ]
    )


def test_records_know_no_permission_and_no_transaction_of_their_own() -> None:
    report(
        [
            f"{name_of(path)}:{node.lineno}: .{node.attr} belongs to a use case"
            for path in files("records")
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Attribute) and node.attr in ("commit", "rollback", "make_session", "level")
        ]
    )


def test_only_the_database_records_and_services_speak_sql() -> None:
    report(
        [
            f"{name_of(path)}:{line}: only the database, records and services use {module}"
            for path in SOURCES
            if part_of(module_of(path)) not in ("db", "context", "records", "services", "app")
            for line, module in imports(path)
            if module.split(".")[0] == "sqlalchemy"
        ]
    )
