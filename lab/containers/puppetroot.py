"""The Debian root of the lab's Puppet server, with the server compiled beforehand."""

from __future__ import annotations

import zipfile
from pathlib import Path

from lab.containers.layers import inside
from lab.containers.room import Room
from lab.ground.cached.mirror import SUITE
from lab.ground.cached.roots import APT, LEAN, bootstrap, cached
from lab.ground.process import run

# Debian's Puppet modules that our profiles declare classes of; what these need comes with them.
MODULES = (
    "glance",
    "horizon",
    "keystone",
    "neutron",
    "nova",
    "openstacklib",
    "oslo",
    "placement",
    "puppetlabs-stdlib",
    "saz-memcached",
)
PACKAGES = (
    "puppetserver",
    "puppet-agent",
    "curl",
    "openssl",
    "ca-certificates",
    "chrony",
    "iproute2",
    "netbase",
    "procps",
    # The environment, and what it writes, is judged by those who read it.
    "puppet-lint",
    "haproxy",
    "keepalived",
    *(f"puppet-module-{name}" for name in MODULES),
)
MMDEBSTRAP = (
    "--mode=root",
    "--variant=apt",
    f"--include={','.join(PACKAGES)}",
    *APT,
    *LEAN,
    # Java's alternatives want to put links there even when the pages themselves are left out.
    '--setup-hook=mkdir -p "$1/usr/share/man/man1"',
)
CONFIG = "etc/puppet/puppetserver"
DEBIANS = "usr/share/puppet/modules"
JARS = "/usr/share/puppetserver"
# Debian ships the server as Clojure source, which every start compiles again for a dozen CPU seconds.
COMPILE = f"""
(require '[clojure.string :as s])
(let [names (for [file ["bootstrap.cfg" "ca.cfg"]
                  line (s/split-lines (slurp (str "/{CONFIG}/services.d/" file)))
                  :let [line (s/trim line)] :when (re-matches #"[a-z].*/.*" line)]
              (symbol (first (s/split line #"/"))))]
  (run! compile (cons 'puppetlabs.trapperkeeper.main (distinct names))))
(System/exit 0)
"""


def build(cache: Path | None = None) -> Path:
    """The Debian root with puppetserver and puppet-agent, built when `cache` has none.

    `cache` is by default OCI_CACHE. The root holds no secret: no CA, no key. Building takes two to four
    minutes and 560 MB. Raises LabError.
    """
    return cached("puppetserver", repr((SUITE, PACKAGES, MMDEBSTRAP, COMPILE)), _make, cache)


def modules(root: Path, place: Path) -> Path:
    """The new folder `place`, in which this host finds Debian's modules of the server's tree `root`.

    In that tree they are links by way of /etc/alternatives, which lead nowhere outside of it.
    """
    place.mkdir()
    for module in (root / DEBIANS).iterdir():
        (place / module.name).symlink_to(inside(root, module))
    return place


def _make(root: Path) -> None:
    bootstrap(root, "the Puppet server's root", MMDEBSTRAP)
    _compile(root, root.parent)


def _compile(root: Path, work: Path) -> None:
    classes = work / "classes"
    classes.mkdir()
    room = Room(root, work / "room", binds=((classes, "/classes", True),))
    java = [
        "/usr/bin/java",
        "-XX:TieredStopAtLevel=1",
        "-Dclojure.compile.path=/classes",
        "-Djruby.lib=/usr/share/jruby/lib",
        "-cp",
        f"/classes:{JARS}/puppetserver.jar",
        "clojure.main",
        "-e",
        COMPILE,
    ]
    run(room.argv(java), timeout=600)
    # Not compressed: it is read at every start.
    with zipfile.ZipFile(root / JARS.lstrip("/") / "compiled.jar", "w") as jar:
        for file in sorted(classes.rglob("*.class")):
            jar.write(file, file.relative_to(classes))
