"""Who may import whom, and what no file may say. ARCHITECTURE.md explains why.

The tests read the source; they import nothing of it.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for top in ("oci", "webui") for p in (ROOT / top).rglob("*.py"))
ROLES = sorted(p.stem for p in (ROOT / "oci" / "roles").glob("*.yaml"))

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
    "app": {"config", "ports", "problems", "context", "db", "records", "services", "adapters", "api", "worker", "webui"},
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
# The rooms of the lab, from the ground up: room -> the rooms below it that it may import.
LAB_ROOMS: dict[str, set[str]] = {
    "ground": set(),
    "containers": {"ground"},
    "vms": {"ground", "containers"},
    "simulated": {"ground", "vms"},
    "__main__": {"ground", "vms"},
}
# What the lab may know of the product, which it starts and talks to like a site does. Only simulated machines are told
# what to do by use cases, and have a Puppet CA made by the product's own hand; only their ledger reads the database.
LAB_MAY_IMPORT = {"client", "config", "processes", "render"}
SIMULATED_MAY_IMPORT = LAB_MAY_IMPORT | {"app", "context", "services", "schemas", "adapters"}
LAB_LEDGER = "lab.simulated.ledger"
PURE_PACKAGES = {"schemas": {"pydantic", "pydantic_core"}}
NO_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "base", "misc"}


def name_of(path: Path) -> str:
    """The file's name relative to the checkout, for messages."""
    return str(path.relative_to(ROOT))


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def part_of(module: str) -> str:
    """The part that a dotted module name belongs to; empty for what is not ours."""
    words = module.split(".")
    if words[0] == "webui":
        return "webui"
    return words[1] if words[0] == "oci" and len(words) > 1 else ""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def lab_files() -> list[Path]:
    return sorted((ROOT / "lab").rglob("*.py"))


def room_of(module: str) -> str:
    """The room of the lab that a dotted module name belongs to; empty for what is not the lab's."""
    words = module.split(".")
    return words[1] if words[0] == "lab" and len(words) > 1 else ""


@functools.cache
def modules() -> frozenset[str]:
    return frozenset(module_of(path) for path in SOURCES)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of every module that the file imports, at its top or inside a function."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module_of(path).split(".")
            if path.name != "__init__.py":
                package = package[:-1]
            package = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            for alias in node.names:
                deeper = f"{base}.{alias.name}"
                yield node.lineno, deeper if deeper in modules() or base == "oci" else base


def has_usecase(path: Path) -> bool:
    """Whether the file defines a use case."""
    return any(
        isinstance(node, ast.FunctionDef) and any("usecase" in ast.dump(d) for d in node.decorator_list)
        for node in ast.walk(tree(path))
    )


def report(found: list[str]) -> None:
    assert not found, "\n".join(["", *found])


def files(part: str) -> list[Path]:
    return [path for path in SOURCES if part_of(module_of(path)) == part]


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


def _words_of_other_tables() -> set[str]:
    """Role names that are also ordinary words: phases, tables and purposes of networks."""
    from oci.db.tables import Table
    from oci.domain.networks.networks import PURPOSES
    from oci.domain.path.phases import PHASES

    return {*PHASES, *Table.metadata.tables, *PURPOSES}


def test_no_code_names_a_role() -> None:
    names = set(ROLES) - _words_of_other_tables()
    assert names
    report(
        [
            f"{name_of(path)}:{node.lineno}: {node.value!r} is a role; roles are data"
            for path in SOURCES
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Constant) and node.value in names
        ]
    )


def _is_role(node: ast.expr) -> bool:
    words = (
        [node.attr, *([node.value.id] if isinstance(node.value, ast.Name) else [])]
        if isinstance(node, ast.Attribute)
        else [node.id]
        if isinstance(node, ast.Name)
        else []
    )
    return "role" in words


def test_no_code_compares_a_role() -> None:
    found = []
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Match) and _is_role(node.subject):
                found.append(f"{name_of(path)}:{node.lineno}: matches on a role")
            if not isinstance(node, ast.Compare):
                continue
            sides = [node.left, *node.comparators]
            texts = [
                c
                for side in sides
                for c in ast.walk(side)
                if isinstance(c, ast.Constant) and isinstance(c.value, str) and c.value
            ]
            if texts and any(_is_role(side) for side in sides):
                found.append(f"{name_of(path)}:{node.lineno}: compares a role with {texts[0].value!r}")
    report(found)


def _calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def test_no_shell_is_started() -> None:
    found = []
    for path in SOURCES:
        for call, name in _calls(path):
            if name in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"):
                found.append(f"{name_of(path)}:{call.lineno}: {name} starts a shell")
            if any(
                k.arg == "shell" and not (isinstance(k.value, ast.Constant) and k.value.value is False)
                for k in call.keywords
            ):
                found.append(f"{name_of(path)}:{call.lineno}: {name} with shell=")
            if name.startswith("subprocess.") and call.args and isinstance(call.args[0], ast.Constant | ast.JoinedStr):
                found.append(f"{name_of(path)}:{call.lineno}: {name} with a string instead of a list of arguments")
    report(found)


def _built(node: ast.expr) -> bool:
    """Whether a text is put together from parts."""
    return isinstance(node, ast.JoinedStr | ast.BinOp) or (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("format", "join", "replace")
    )


def test_no_sql_is_built_from_text() -> None:
    report(
        [
            f"{name_of(path)}:{call.lineno}: {name}() with a text that is put together"
            for path in SOURCES
            for call, name in _calls(path)
            if name.rsplit(".", 1)[-1] in ("text", "execute", "exec_driver_sql", "executescript", "literal_column")
            and part_of(module_of(path)) in ("db", "context", "records", "services", "admin", "app")
            and call.args
            and _built(call.args[0])
        ]
    )


def test_no_drawer_for_everything() -> None:
    report(
        [
            f"{name_of(path)}: name it after the noun or the format that it holds"
            for path in SOURCES
            if NO_NAMES & {path.stem, *path.relative_to(ROOT).parts[:-1]}
            and path.parent != ROOT / "oci" / "render" / "puppet" / "profiles"  # there a file is named like its Puppet class
        ]
    )


def test_every_recorded_kind_of_event_is_in_the_table_and_every_one_there_is_recorded() -> None:
    from oci.domain.activity.events import EVENTS

    recorded: set[str] = set()
    for path in SOURCES:
        if path.name != "events.py" or "domain" not in path.parts:
            recorded |= {
                node.value
                for node in ast.walk(tree(path))
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"[a-z]+\.[a-z]+", node.value)
            }
    assert set(EVENTS) <= recorded, f"nothing records {sorted(set(EVENTS) - recorded)}"


def test_every_role_wires_profiles_that_have_parameters_and_a_class() -> None:
    from oci.render.puppet.profiles import PROFILES

    wanted = {
        profile
        for path in (ROOT / "oci" / "roles").glob("*.yaml")
        for profile in yaml.safe_load(path.read_text())["profiles"]
    }
    assert wanted <= set(PROFILES)
    for name in PROFILES:
        path = Path(*name.split("::")[1:]).with_suffix(".pp")
        assert (ROOT / "puppet/site/profile/manifests" / path).exists(), name


def test_a_profile_is_in_the_file_that_is_named_like_its_class() -> None:
    from oci.render.puppet.profiles import PROFILES

    folder = ROOT / "oci" / "render" / "puppet" / "profiles"
    wanted = {name.removeprefix("profile::").replace("::", "_"): name for name in PROFILES}
    assert set(wanted) == {path.stem for path in folder.glob("*.py")} - {"__init__"}
    for stem, name in wanted.items():
        module = importlib.import_module(f"oci.render.puppet.profiles.{stem}")
        assert module.PROFILE is PROFILES[name], f"{name} is not the PROFILE of {stem}.py"


def test_only_the_listener_of_the_puppet_server_has_secrets_revealed() -> None:
    found = {
        module_of(path)
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "reveal"
    }
    assert len(found) == 1 and found.pop().endswith(".puppet")


def test_the_rooms_of_the_lab_import_one_way() -> None:
    found = []
    for path in lab_files():
        room = room_of(module_of(path))
        if not room:
            assert not path.read_text(), f"{name_of(path)} is in no room; put what it holds into one"
            continue
        assert room in LAB_ROOMS, f"say in the table what lab/{room} may import"
        found += [
            f"{name_of(path)}:{line}: the room {room} may not import {module}"
            for line, module in imports(path)
            if module.split(".")[0] == "lab" and room_of(module) not in LAB_ROOMS[room] | {room}
        ]
    report(found)


def test_no_two_modules_of_the_lab_need_each_other() -> None:
    needs: dict[str, set[str]] = {}
    for path in lab_files():
        names = {module for _line, module in imports(path)}
        names |= {f"{module}.{alias}" for module in names for alias in _names_from(path, module)}
        needs[module_of(path)] = names
    left = {module: {name for name in names if name in needs} for module, names in needs.items()}
    while free := [module for module, names in left.items() if not names & set(left)]:
        for module in free:
            del left[module]
    assert not left, f"these modules need each other, or need such: {sorted(left)}"


def _names_from(path: Path, module: str) -> set[str]:
    """The names that a file takes from `module`, of which some may be modules themselves."""
    return {
        alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }


def test_the_lab_knows_of_the_product_what_a_site_knows() -> None:
    found = []
    for path in lab_files():
        module = module_of(path)
        may = SIMULATED_MAY_IMPORT if room_of(module) == "simulated" else LAB_MAY_IMPORT
        may = may | ({"db"} if module == LAB_LEDGER else set())
        found += [
            f"{name_of(path)}:{line}: {module} may not import {other}"
            for line, other in imports(path)
            if (part := part_of(other)) and part not in may
        ]
        found += [
            f"{name_of(path)}:{line}: only {LAB_LEDGER} speaks SQL"
            for line, other in imports(path)
            if other.split(".")[0] == "sqlalchemy" and module != LAB_LEDGER
        ]
    report(found)


MOST_MODULES = 8
AREAS = ("machines", "path", "clusters", "people", "activity")


# Floors that are cut into areas. What a floor has in common is in its `parts`, or lies beside the areas.
IN_AREAS = ("oci/records", "oci/services", "oci/schemas", "oci/api/operators", "webui")


def packages(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if (path / "__init__.py").exists()]


def test_floors_have_the_same_areas() -> None:
    report(
        [
            f"{name_of(folder)} is no area; areas are {', '.join(AREAS)}"
            for floor in IN_AREAS
            for folder in packages(ROOT / floor)
            if folder.name not in (*AREAS, "parts")
        ]
    )


def test_no_folder_has_more_than_eight_modules() -> None:
    found = []
    for top in ("oci", "webui", "lab"):
        for folder in [ROOT / top, *(path.parent for path in (ROOT / top).rglob("*/__init__.py"))]:
            here = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
            if len(here) > MOST_MODULES:
                found.append(f"{name_of(folder)} has {len(here)} modules; split it by the noun")
    report(found)


def _broken_sides() -> Iterator[str]:
    """What each fake has to be broken with: a class that is broken by itself, or a field that breaks one."""
    for node in tree(ROOT / "oci/adapters/fake.py").body:
        if isinstance(node, ast.ClassDef):
            if node.name.startswith(("Broken", "Faulty")):
                yield node.name
            yield from (
                item.target.id
                for item in node.body
                if isinstance(item, ast.AnnAssign)
                and isinstance(item.target, ast.Name)
                and item.target.id in ("broken", "built", "faults")
            )


def test_every_fakes_broken_side_is_used_by_a_test() -> None:
    written = "".join(path.read_text() for path in (ROOT / "tests" / "service").glob("*.py"))
    sides = set(_broken_sides())
    assert {"BrokenPower", "FaultyPower", "broken", "built", "faults"} <= sides
    report([f"no service test uses {side} of oci/adapters/fake.py" for side in sorted(sides) if side not in written])
