"""A profile of the tests' own, with secrets and certificates."""

from __future__ import annotations

import pytest

from oci.domain.cluster.profiles import Profile, Secret
from oci.records.cloud import vault
from oci.render.puppet import enc

NAMES = ("test.key", "keystone.fernet.0")


def wire(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Have profile::test give a mark for each of what is returned, which may be changed."""
    given = {name: name for name in (*NAMES, "host.key", "host.crt", "api.crt", "cluster.ca")}
    profile = Profile(
        lambda _fleet, _member: {key: Secret(name) for key, name in given.items()},
        secrets=NAMES,
        certificates=("host", "api"),
    )
    wired = {**enc.PROFILES, "profile::test": profile}
    monkeypatch.setattr(enc, "PROFILES", wired)
    monkeypatch.setattr(vault, "PROFILES", wired)
    return given
