"""How the tree is cut: the same areas on each floor, and no folder that holds too much."""

from __future__ import annotations

import re
from pathlib import Path

from sources import ROOT, name_of, report

MOST_MODULES, MOST_LINES = 8, 110
AREAS = ("machines", "path", "clusters", "cloud", "deploy", "people", "activity")


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


def shell_files() -> list[Path]:
    """Every file of shell that machines or the appliance run, by its first line or its name."""
    found = []
    for top in ("discovery", "debian", "puppet", "lab", "findings"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.is_file() and not path.is_symlink():
                first = path.read_bytes()[:60].split(b"\n")[0]
                if path.suffix == ".sh" or re.match(rb"#!.*sh( -\w+)?$", first):
                    found.append(path)
    return found


def test_no_file_of_shell_has_more_lines_than_one_reason_to_change_needs() -> None:
    found = shell_files()
    assert len(found) > 40
    report(
        [
            f"{name_of(path)} has {lines} lines; cut it by reason to change"
            for path in found
            # It makes images on the appliance, in one go from top to bottom; no machine ever runs it.
            if name_of(path) != "discovery/build" and (lines := len(path.read_text().splitlines())) > MOST_LINES
        ]
    )
