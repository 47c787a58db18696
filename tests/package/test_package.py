"""The Debian package on a Debian 13 with systemd: built, installed with its Depends, used, upgraded and purged.

The steps are debian/tests/appliance, which autopkgtest runs on a real host; here it runs in a container.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import build
import pytest
import roots
from container import Container

pytestmark = [pytest.mark.real, pytest.mark.skipif(os.geteuid() != 0, reason="only root may make namespaces and mounts")]
STAGES = re.findall(r"for one in \(([a-z, ]+)\)", (roots.ROOT / "debian/tests/appliance").read_text())[0].split(", ")
# The container's clock is the machine's, and not to be set: chronyd serves it as it is.
CLOCK = "[Unit]\nConditionCapability=\n[Service]\nEnvironment=DAEMON_OPTS=-x\nExecStart=\nExecStart=!/usr/sbin/chronyd -x\n"


@dataclass
class Built:
    """What was built: this version, a later one with one more migration, and lintian's errors."""

    this: Path
    later: Path
    errors: list[str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    directory = tmp_path_factory.mktemp("build")
    host = Container("build", roots.root("build", roots.build_packages()), directory)
    host.mount()
    try:
        made = []
        for name in ("this", "later"):
            tree = host.root / "build" / name / "oci-appliance"
            build.checkout(tree)
            if name == "later":
                build.make_later(tree, "99.0")
            made.append(build.build(host.root, tree, directory / "build.log"))
        errors = build.lint(host.root, made[0], directory / "build.log")
        kept = [shutil.copy(deb, directory / deb.name) for deb in made]
        yield Built(Path(kept[0]), Path(kept[1]), errors)
    finally:
        host.stop()


@pytest.fixture(scope="module")
def host(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A Debian 13 that has the package's Depends and nothing else, up and running."""
    one = Container("appliance", roots.root("site", roots.site_packages()), tmp_path_factory.mktemp("host"))
    one.mount()
    try:
        build.checkout(one.root / "src")
        (one.root / "debs").mkdir()
        for deb in (built.this, built.later):
            shutil.copy(deb, one.root / "debs" / deb.name)
        drop = one.root / "etc/systemd/system/chrony.service.d/test.conf"
        drop.parent.mkdir(parents=True)
        drop.write_text(CLOCK)
        one.start()
        yield one
    finally:
        one.stop()


def test_lintian_finds_no_error(built: Built) -> None:
    assert not built.errors


def test_it_is_installed_with_what_it_depends_on(host: Container, built: Built) -> None:
    said = host.run(
        "apt-get", "-y", "-q", "--no-install-recommends", "install", f"/debs/{built.this.name}", timeout=300
    ).stdout
    assert "0 upgraded, 1 newly installed" in said and "oci-admin apply" in said, said
    for path in ("bash-completion/completions/ocicli", "zsh/vendor-completions/_ocicli"):
        assert "ocicli completion" in host.run("head", "-n", "2", f"/usr/share/{path}", timeout=60).stdout


@pytest.mark.parametrize("stage", STAGES)
def test_stage(host: Container, built: Built, stage: str) -> None:
    host.run(
        "env",
        f"OCI_THIS=/debs/{built.this.name}",
        f"OCI_LATER=/debs/{built.later.name}",
        "PYTHONDONTWRITEBYTECODE=1",
        "/src/debian/tests/appliance",
        stage,
        timeout=600,
    )
