"""The rooms of the lab: which may use which, and what they may know of the product."""

from __future__ import annotations

import ast
from pathlib import Path

from sources import ROOT, imports, module_of, name_of, part_of, report, tree

# The rooms of the lab, from the ground up: room -> the rooms below it that it may import.
LAB_ROOMS: dict[str, set[str]] = {
    "ground": set(),
    "containers": {"ground"},
    "vms": {"ground", "containers"},
    "simulated": {"ground", "vms"},
    "clouds": {"ground", "containers", "vms"},
    "__main__": {"ground", "vms"},
}
# What the lab may know of the product, which it starts and talks to like a site does. Only simulated machines are told
# what to do by use cases, and have a Puppet CA made by the product's own hand; only their ledger reads the database.
LAB_MAY_IMPORT = {"client", "config", "processes", "render"}
SIMULATED_MAY_IMPORT = LAB_MAY_IMPORT | {"app", "context", "services", "schemas", "adapters"}
LAB_LEDGER = "lab.simulated.ledger"


def lab_files() -> list[Path]:
    return sorted((ROOT / "lab").rglob("*.py"))


def room_of(module: str) -> str:
    """The room of the lab that a dotted module name belongs to; empty for what is not the lab's."""
    words = module.split(".")
    return words[1] if words[0] == "lab" and len(words) > 1 else ""


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
