"""Roles, Puppet classes and the records of profiles name each other rightly, and secrets are opened at one place."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import yaml
from sources import ROOT, SOURCES, module_of, tree


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
    files = {path.stem: path for path in folder.rglob("*.py") if path.parent != folder and path.stem != "__init__"}
    assert set(wanted) == set(files)
    for stem, name in wanted.items():
        module = importlib.import_module(module_of(files[stem]))
        assert module.PROFILE is PROFILES[name], f"{name} is not the PROFILE of {stem}.py"


def test_only_the_listener_of_the_puppet_server_has_secrets_revealed() -> None:
    found = {
        module_of(path)
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "revealer"
    }
    assert len(found) == 1 and found.pop().endswith(".puppet")
