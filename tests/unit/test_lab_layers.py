"""Layers of the lab's containers: their order, what agents find in them, and when an old one goes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from lab.containers import layers
from lab.containers.packages import LAYERS, stack
from lab.ground.process import LabError


def test_every_layer_lies_on_the_base_and_none_on_itself() -> None:
    for name in LAYERS:
        names = stack(name)
        assert names[0] == "base" and names[-1] == name and len(set(names)) == len(names)
        assert not LAYERS["base"].below and (name == "base" or LAYERS[name].below in LAYERS)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_names_each_package_once(name: str) -> None:
    packages = LAYERS[name].packages
    assert packages and len(set(packages)) == len(packages)


def test_a_layer_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"no layer 'tape'; there are base, .*control"):
        layers.layers("tape", tmp_path)


def module(folder: Path, name: str, **files: str) -> None:
    for path, text in files.items():
        file = folder / name / path.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_agents_find_what_the_first_module_of_a_name_holds(tmp_path: Path) -> None:
    base, ours, theirs, cache = (tmp_path / name for name in ("base", "ours", "theirs", "cache"))
    (base / "var/cache/puppet").mkdir(parents=True, mode=0o750)
    (base / "var/cache/puppet").chmod(0o750)
    module(ours, "apt", lib__a="ours", manifests__init="not synced")
    module(theirs, "apt", lib__a="theirs", lib__b="hidden, for it is of a module that is")
    module(theirs, "stdlib", lib__puppet__c="stdlib", **{"facts.d__f": "fact"})
    made = layers.plugins(base, (ours, theirs), cache)
    synced = made / "var/cache/puppet"
    files = {str(file.relative_to(synced)): file.read_text() for file in synced.rglob("*") if file.is_file()}
    assert files == {"lib/a": "ours", "lib/puppet/c": "stdlib", "facts.d/f": "fact"}
    assert synced.stat().st_mode & 0o777 == 0o750
    assert layers.plugins(base, (ours, theirs), cache) == made
    module(ours, "apt", lib__a="changed")
    assert layers.plugins(base, (ours, theirs), cache) != made


def test_modules_are_found_by_the_links_of_the_tree_that_they_are_in(tmp_path: Path) -> None:
    """Debian's packages of modules link them by way of /etc/alternatives, which on this host are others, or none."""
    base, root, cache = tmp_path / "base", tmp_path / "root", tmp_path / "cache"
    (base / "var/cache/puppet").mkdir(parents=True)
    available, modules, chosen = root / "usr/share/available", root / "usr/share/modules", root / "etc/alternatives"
    module(available, "debian-apt", lib__a="theirs")
    for folder in (modules, chosen):
        folder.mkdir(parents=True)
    (chosen / "puppet-module-apt").symlink_to("/usr/share/available/debian-apt")
    (modules / "apt").symlink_to("/etc/alternatives/puppet-module-apt")
    (modules / "beside").symlink_to("../available/debian-apt")
    made = layers.plugins(base, (modules,), cache, root=root)
    assert (made / "var/cache/puppet/lib/a").read_text() == "theirs"
    (modules / "ring").symlink_to("ring")
    with pytest.raises(LabError, match="ring is a link to itself"):
        layers.plugins(base, (modules,), cache, root=root)


def test_only_a_layer_that_nobody_asked_for_lately_and_nobody_runs_on_is_removed(tmp_path: Path) -> None:
    old, held, new, other = (tmp_path / name for name in ("layer-x-old", "layer-x-held", "layer-x-new", "layer-y-old"))
    for layer in (old, held, new, other):
        (layer / "usr").mkdir(parents=True)
        os.utime(layer, (0, 0) if layer != new else None)
    handle = os.open(held, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    layers._forget_unused("layer-x", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["layer-x-held", "layer-x-new", "layer-y-old"]
    os.close(handle)
    layers._forget_unused("layer-x", tmp_path)
    assert not held.exists()


def test_what_a_killed_build_left_is_closed_and_a_build_that_goes_on_is_let_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    monkeypatch.setattr(layers, "_close", lambda directory: closed.append(directory.name))
    killed, alive, young = (tmp_path / f"layer-x.tmp.{name}" for name in ("killed", "alive", "young"))
    for directory in (killed, alive, young):
        directory.mkdir()
    for directory in (killed, alive):
        (directory / layers.NOTE).write_text("oci-build-0")
    handle = os.open(alive, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    layers._sweep("layer-x", tmp_path)
    os.close(handle)
    assert closed == [killed.name]


def test_services_of_a_layer_are_disabled_as_systemctl_does_it(tmp_path: Path) -> None:
    """Seen in one tree that is both the upper directory and the whole, as it is where nothing lies below."""
    wants, runlevel = tmp_path / "etc/systemd/system/multi-user.target.wants", tmp_path / "etc/rc2.d"
    for folder in (wants, runlevel):
        folder.mkdir(parents=True)
    (wants / "x.service").symlink_to("/usr/lib/systemd/system/x.service")
    (runlevel / "S01x").symlink_to("../init.d/x")
    (runlevel / "K01y").symlink_to("../init.d/y")
    layers._disable(tmp_path, tmp_path)
    assert not list(wants.iterdir())
    assert sorted(link.name for link in runlevel.iterdir()) == ["K01x", "K01y"]
    assert (runlevel / "K01x").readlink() == Path("../init.d/x")


def test_what_two_machines_must_not_share_is_not_in_a_layer(tmp_path: Path) -> None:
    for name in ("etc/ssh/ssh_host_rsa_key", "etc/hostname", "var/lib/puppet/ssl/ca.pem", "etc/iscsi/initiatorname.iscsi"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("InitiatorName=one")
    layers._clean(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"etc/iscsi/initiatorname.iscsi"}
    assert (tmp_path / "etc/iscsi/initiatorname.iscsi").read_text() == "GenerateName=yes\n"
