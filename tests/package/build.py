"""Builds the Debian package in a Debian 13, as a build host does: from a copy of the checkout's files, without a network."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import roots

from lab.containers.system import chroot
from lab.ground.process import LabError, run

BUILD_SECONDS = 400
MIGRATION = '''"""A later version's migration."""

from alembic import op
from sqlalchemy import Column, String

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.add_column("event", Column("severity", String(16), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("event", "severity")
'''


def checkout(target: Path) -> None:
    """Copy the files of this checkout that version control knows, or would know."""
    listed = run(["git", "-C", str(roots.ROOT), "ls-files", "-z", "-c", "-o", "--exclude-standard"]).stdout
    for name in filter(None, listed.split("\0")):
        source = roots.ROOT / name
        if source.is_file() or source.is_symlink():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name, follow_symlinks=False)


def make_later(tree: Path, version: str) -> str:
    """Turn a copied checkout into a later version with a new migration; returns the migration's revision."""
    changelog, versions = tree / "debian/changelog", tree / "migrations/versions"
    changelog.write_text(re.sub(r"\(.*?\)", f"({version})", changelog.read_text(), count=1))
    before = max(path.name for path in versions.glob("[0-9]*.py"))[:4]
    revision = f"{int(before) + 1:04}"
    (versions / f"{revision}_later.py").write_text(MIGRATION.format(revision=revision, before=before))
    return revision


def build(root: Path, tree: Path, log: Path) -> Path:
    """Build the tree, which lies in the root file system `root`; returns the .deb. Raises LabError with the log."""
    inside = f"/{tree.relative_to(root)}"
    # No compiler is needed: nothing in it depends on an architecture.
    words = 'cd "$0" && exec dpkg-buildpackage --no-sign --build=binary --ignore-builtin-builddeps'
    chroot(root, ["sh", "-c", words, inside], log, BUILD_SECONDS)
    found = sorted(tree.parent.glob("oci-appliance_*_all.deb"))
    if not found:
        raise LabError(f"no .deb was built:\n{log.read_text(errors='replace')[-2000:]}")
    return found[-1]


def lint(root: Path, deb: Path, log: Path) -> list[str]:
    """The errors that lintian finds in the .deb, which lies in `root`."""
    before = log.stat().st_size
    chroot(root, ["lintian", "--no-cfg", "--fail-on", "none", "--allow-root", f"/{deb.relative_to(root)}"], log, 200)
    lines = log.read_text(errors="replace")[before:].splitlines()
    return [line for line in lines if line.startswith("E:")]
