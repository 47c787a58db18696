"""How the tree is cut: the same areas on each floor, and no folder that holds too much."""

from __future__ import annotations

from pathlib import Path

from sources import ROOT, name_of, report

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
