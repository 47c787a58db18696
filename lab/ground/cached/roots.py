"""Root file systems that take minutes to make: made once for each description, and kept in the cache."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from lab.ground.cached.mirror import KEYRING, SUITE, cache_dir, mirror_url
from lab.ground.process import LabError, run

BUILD_SECONDS = 1500
# How every root of the lab is made: what is recommended is left out, and a crash of the host may lose it.
APT = (
    '--aptopt=Apt::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "3"',
    "--dpkgopt=force-unsafe-io",
)
# What nobody reads in a lab.
LEAN = (
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
)


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Let in one program at a time; `file` is made beside what it guards."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cached(
    kind: str, description: str, make: Callable[[Path], None], cache: Path | None = None, *, newest: bool = False
) -> Path:
    """The directory that `make` fills, as it was made for the same `description` before or else now.

    `make` gets the path of a directory that does not exist yet, in one that is removed whatever happens: a build that
    is killed leaves nothing that looks finished. Others wait for it. `cache` is by default OCI_CACHE; with `newest`
    those of other descriptions of this `kind` are removed before a build. What `make` raises is raised.
    """
    cache = cache or cache_dir()
    key = hashlib.sha256(description.encode()).hexdigest()[:16]
    root = cache / f"{kind}-{key}"
    with locked(cache / f"{kind}.lock"):
        if not root.exists():
            stale = [*cache.glob(f"{kind}.tmp.*"), *(cache.glob(f"{kind}-*") if newest else ())]
            for old in stale:
                shutil.rmtree(old, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=f"{kind}.tmp.", dir=cache) as work:
                made = Path(work) / "root"
                make(made)
                made.chmod(0o755)
                made.rename(root)
    return root


def bootstrap(root: Path, what: str, words: Sequence[str], url: str = "", inside: Sequence[str] = ()) -> None:
    """Make a Debian tree at `root` with mmdebstrap, told `words`. Raises LabError that names no mirror.

    It comes from the mirror at `url`, by default this host's own; `inside` are the words that enter where that answers.
    """
    url = url or mirror_url()
    sources = root.with_name("sources.list")
    sources.write_text(f"deb [signed-by={KEYRING}] {url} {SUITE} main\n")
    try:
        run([*inside, "mmdebstrap", *words, SUITE, str(root), str(sources)], timeout=BUILD_SECONDS)
    except LabError as error:
        # The mirror of this machine is nobody's business, and a log is read by many.
        text = str(error).replace(urlsplit(url).netloc, "MIRROR")
        raise LabError(f"{what} cannot be built: {text[-3000:]}") from None
    for file in (root / "etc/apt").glob("sources.list*/*.list"):
        file.unlink()
    (root / "etc/apt/sources.list").write_text("")
