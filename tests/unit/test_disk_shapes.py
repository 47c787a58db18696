"""Disks as real machines have them: which one is installed, why not the others, what a release wipes and what it tells."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from oci.domain.hardware import VERDICTS, Inventory, Probe, choose, judge_all, parse
from oci.domain.hardware.disks import disk_wipe

SHAPES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[1] / "disks" / "shapes.yaml").read_text())
UNITS = {"M": 10**6, "G": 10**9, "T": 10**12}
FLAGS = ("rm", "ro", "rota", "hotplug")


def size(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]] if text[-1] in UNITS else int(text)


def row(text: str) -> tuple[dict[str, Any], str]:
    """One row as lsblk prints it, with `holds` if the shape tells it, and the link to it in by-path."""
    head, *below = [part.strip() for part in text.replace(">>", "\0+").replace(">", "\0").split("\0")]
    name, bytes_, *facts = shlex.split(head)
    found: dict[str, Any] = {
        "name": name,
        "kname": name,
        "type": "disk",
        "size": size(bytes_),
        "log-sec": 512,
        **dict.fromkeys(FLAGS, False),
    }
    for fact in facts:
        key, _, value = fact.partition("=")
        found[key] = int(value) if key.endswith("sec") else value if key not in FLAGS else True
    above = found
    for text_ in below:
        kind, child, *rest = text_.removeprefix("+").split(":")
        fs, label, parttype = (*(r.strip() or None for r in rest), None, None, None)[:3]
        made = {
            "name": child,
            "kname": child,
            "type": kind,
            "size": 10**9,
            "fstype": fs,
            "partlabel": label,
            "parttype": parttype,
        }
        (above if text_.startswith("+") else found).setdefault("children", []).append(made)
        above = above if text_.startswith("+") else made
    return found, found.pop("at", "")


def inventory(shape: dict[str, Any]) -> Inventory:
    rows = [row(text) for text in shape["rows"]]
    holds = "".join(
        f"holds {at} {types.replace(',', ' ')}\n" if types != "?" else f"unread {at}\n"
        for found, _ in rows
        if (types := found.pop("holds", None)) is not None
        for at in [found["name"]]
    )
    text = json.dumps({"blockdevices": [found for found, _ in rows]}, indent=3).replace("},\n      {", "},{")
    text = text[: int(len(text) * shape.get("cut", 1))]
    links = "\n".join(f"lrwxrwxrwx 1 root root 9 {at} -> ../../{found['name']}" for found, at in rows if at)
    return parse(
        {
            "lsblk": Probe(text.encode() if rows else b'{"blockdevices": []}', b"", shape.get("exit", 0)),
            "disks": Probe(f"/dev/disk/by-path:\n{links}\n{'contents:' if holds else ''}\n{holds}".encode()),
            "firmware": Probe(b"bios\n" if shape.get("bios") else b"efi\n"),
        }
    )


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["shape"].replace(" ", "-"))
def test_the_right_disk_or_the_right_refusal(shape: dict[str, Any]) -> None:
    found = inventory(shape)
    choice = choose(found)
    assert choice.name == shape.get("install", ""), choice.reason
    verdicts = {judged.disk.name: judged.verdict.word for judged in judge_all(found)}
    assert verdicts == shape.get("verdicts", verdicts)
    assert choice.reason and shape.get("refused", "") in choice.reason
    if choice.disk is None and "refused" not in shape:
        assert all(VERDICTS[word].meaning in choice.reason for word in verdicts.values())
    plan = disk_wipe.plan(found)
    assert " ".join(plan.names) == shape.get("wipe", " ".join(plan.names))
    assert [left.disk.name if left.disk else "" for left in plan.left] == shape.get("left", [])
    assert all(name in plan.names for name in plan.units)


def test_there_are_enough_shapes_and_every_verdict_is_among_them() -> None:
    assert len({shape["shape"] for shape in SHAPES}) == len(SHAPES) >= 60
    seen = {judged.verdict.word for shape in SHAPES for judged in judge_all(inventory(shape))}
    assert seen == {*VERDICTS} - {"last-install"}, "that one needs an install before; see the properties"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["shape"].replace(" ", "-"))
def test_every_disk_of_a_shape_is_wiped_spared_or_told(shape: dict[str, Any]) -> None:
    found = inventory(shape)
    plan = disk_wipe.plan(found)
    told = [left.disk for left in plan.left if left.disk]
    for disk in found.disks:
        assert disk in (*plan.disks, *plan.spared, *told), disk.name
