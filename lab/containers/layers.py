"""Layers of containers: a Debian 13 as its base, and the packages of a kind of machine over it, each made once.

A layer is the lower directory of an overlay. Nothing in it is configured and nothing of it is started: its services
are disabled, and it holds no key, number or name that two machines must not share. Old ones are removed when nobody
runs on them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lab.containers.packages import LAYERS, stack
from lab.containers.system import chroot
from lab.ground.cached.mirror import SUITE, cache_dir, offer_mirror
from lab.ground.cached.roots import APT, LEAN, bootstrap, cached
from lab.ground.checkout import CHECKOUT
from lab.ground.process import LabError, Process, run

BUILD_SECONDS = 3600
# Checkouts of other branches may have other lists of packages.
UNUSED_SECONDS = 3 * 86400
# What else first boot brings comes with an adoption: layers need not be built anew when it changes.
HOSTKEYS = CHECKOUT / "discovery/firstboot/oci-hostkeys.service"
MIRROR_ADDRESS = "127.0.0.1"
MMDEBSTRAP = ("--mode=root", "--variant=apt", f"--include={','.join(LAYERS['base'].packages)}", *APT, *LEAN)
# Nothing of this helps a machine that configuration management looks after; the last two show the host's kernel.
MASKED = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "fstrim.timer", "e2scrub_all.timer"),
    *("e2scrub_reap.service", "systemd-networkd-wait-online.service", "puppet.service", "sshd-keygen.service"),
    *("sys-kernel-debug.mount", "sys-kernel-tracing.mount"),
)
ENABLED = ("systemd-networkd.service", "ssh.service", "oci-hostkeys.service", "chrony.service")
# The clock of the host is not the container's: chronyd serves it as it is.
CHRONY = "[Unit]\nConditionCapability=\n[Service]\nExecStart=\nExecStart=!/usr/sbin/chronyd -x -F 0\n"
# Debian has this fact in a package of the server, from which no agent gets it; puppet-module-openstacklib reads it.
FACT = "os_service_default=<SERVICE DEFAULT>\n"
# A program that runs as root before its service ever did would make its log a file of root's.
LOGS = {"var/log/keystone/keystone.log": "keystone"}
# What is a machine's own: it is made anew where it is needed, by the program that needs it.
OWN = (
    *("etc/ssh/ssh_host_*", "etc/hostname", "etc/resolv.conf", "var/lib/dbus/machine-id", "var/lib/systemd/random-seed"),
    *("etc/ssl/private/ssl-cert-snakeoil.key", "etc/ssl/certs/ssl-cert-snakeoil.pem", "var/lib/rabbitmq/.erlang.cookie"),
    *("etc/openvswitch/conf.db", "etc/openvswitch/system-id.conf", "etc/nvme/hostnqn", "etc/nvme/hostid"),
    *("var/lib/puppet/ssl", "var/lib/libvirt/secrets/*", "var/cache/apt/*.bin", "var/cache/apt/archives/*.deb"),
    *("var/cache/debconf/*-old", "var/log/apt/*", "var/log/dpkg.log", "var/log/alternatives.log"),
)
# Says which build a layer is. One that was made over another build of the layer below does not fit it.
BUILD = "usr/lib/oci/layer"
# In the directory of a workshop: the name of its network namespace.
NOTE = "namespace"
NOTHING_STARTS = "#!/bin/sh\nexit 101\n"


class _Workshop(NamedTuple):
    """Where a layer is built: a directory, a network namespace, and the Debian mirror that answers in it."""

    directory: Path
    namespace: str
    url: str

    def chroot(self, root: Path, *words: str) -> None:
        """Run a program in a tree as root. Raises LabError."""
        chroot(root, words, self.directory / "build.log", BUILD_SECONDS, self.namespace)


@contextlib.contextmanager
def _workshop(directory: Path) -> Iterator[_Workshop]:
    namespace = f"oci-build-{secrets.token_hex(4)}"
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    (directory / NOTE).write_text(namespace)
    try:
        run(["ip", "netns", "add", namespace])
        run(["ip", "-n", namespace, "link", "set", "lo", "up"])
        yield _Workshop(directory, namespace, offer_mirror(namespace, MIRROR_ADDRESS, directory))
    finally:
        _close(directory)
        os.close(handle)


def _close(directory: Path) -> None:
    """End everything of a workshop but its directory."""
    for record in (directory / "proc").glob("*.json"):
        Process.recorded(record).stop(5)
    run(["umount", "--lazy", str(directory / "merged")], check=False)
    run(["ip", "netns", "del", (directory / NOTE).read_text()], check=False)


def _sweep(kind: str, cache: Path) -> None:
    """Close the workshops of builds that were killed: one that goes on holds a lock on its own."""
    for note in cache.glob(f"{kind}.tmp.*/{NOTE}"):
        handle = os.open(note.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _close(note.parent)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)


def layers(name: str, cache: Path | None = None) -> tuple[Path, ...]:
    """The layers of which a container of the kind `name` consists, the lowest first; what is not in `cache` is built.

    `cache` is by default OCI_CACHE. Raises LabError.
    """
    if name not in LAYERS:
        raise LabError(f"there is no layer {name!r}; there are {', '.join(LAYERS)}")
    below: tuple[Path, ...] = ()
    for each in stack(name):
        below = (*below, _layer(each, below, cache or cache_dir()))
    return below


def _layer(name: str, below: tuple[Path, ...], cache: Path) -> Path:
    made_of = [SUITE, LAYERS[name].packages, [(layer / BUILD).read_text() for layer in below], LOGS, OWN]
    if not below:
        made_of += [MMDEBSTRAP, MASKED, ENABLED, CHRONY, FACT, HOSTKEYS.read_text()]

    def make(root: Path) -> None:
        with _workshop(root.parent) as workshop:
            if below:
                _install(root, name, below, workshop)
            else:
                _base(root, workshop)
        _write(root / BUILD, f"{name} {secrets.token_hex(8)}\n")
        _forget_unused(f"layer-{name}", cache)

    _sweep(f"layer-{name}", cache)
    return _used(cached(f"layer-{name}", repr(made_of), make, cache))


def plugins(base: Path, modules: Sequence[Path], cache: Path | None = None, *, root: Path = Path("/")) -> Path:
    """A layer to lie on top of the others: what an agent would else fetch from its Puppet server file by file, for minutes.

    `modules` are folders of Puppet modules, in the order in which the server looks into them; `base` is the lowest layer.
    Debian's are links by way of /etc/alternatives, which hold in the tree `root` of the server.
    """
    cache, synced = cache or cache_dir(), Path("var/cache/puppet")
    sources = {part: _synced(modules, part, root) for part in ("lib", "facts.d")}
    told = hashlib.sha256()
    for part, files in sources.items():
        for name, file in sorted(files.items()):
            told.update(repr((part, str(name), file.read_bytes())).encode())

    def make(root: Path) -> None:
        for folder in (*reversed(synced.parents), synced):
            (root / folder).mkdir()
            run(["chown", f"--reference={base / folder}", str(root / folder)])
            run(["chmod", f"--reference={base / folder}", str(root / folder)])
        for part, files in sources.items():
            for name, file in files.items():
                _write(root / synced / part / name, "")
                shutil.copyfile(file, root / synced / part / name)
        _forget_unused("layer-plugins", cache)

    return _used(cached("layer-plugins", told.hexdigest(), make, cache))


def inside(root: Path, path: Path) -> Path:
    """Where `path` of the tree `root` leads: links of it are of that tree, not of this host. Raises LabError for a ring."""
    for _ in range(40):  # as many as Linux follows (path_resolution(7))
        if not path.is_symlink():
            return path
        target = path.readlink()
        path = root / target.relative_to("/") if target.is_absolute() else path.parent / target
    raise LabError(f"{path} is a link to itself in the end")


def _synced(modules: Sequence[Path], part: str, root: Path) -> dict[Path, Path]:
    """The files of one `part` of all modules by their name in it. The first module of a name hides others of that name."""
    homes: dict[str, Path] = {}
    for folder in filter(Path.is_dir, modules):
        for module in sorted(folder.iterdir()):
            homes.setdefault(module.name, inside(root, module))
    roots = [home / part for home in homes.values()]
    return {file.relative_to(root): file for root in reversed(roots) for file in root.rglob("*") if file.is_file()}


def _used(layer: Path) -> Path:
    os.utime(layer)
    return layer


def _forget_unused(kind: str, cache: Path) -> None:
    """Remove the layers of a kind that nobody asked for lately and no container runs on; each that runs holds its own."""
    for old in cache.glob(f"{kind}-*"):
        if time.time() - old.stat().st_mtime < UNUSED_SECONDS:
            continue
        handle = os.open(old, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(old)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)


def _base(root: Path, workshop: _Workshop) -> None:
    inside = ("ip", "netns", "exec", workshop.namespace)
    bootstrap(root, "the containers' base", MMDEBSTRAP, workshop.url, inside)
    _write(root / "usr/lib/systemd/system" / HOSTKEYS.name, HOSTKEYS.read_text())
    (root / "etc/oci").mkdir(mode=0o700)
    _write(root / "etc/facter/facts.d/os_service_default.txt", FACT)
    _write(root / "etc/systemd/system/chrony.service.d/lab.conf", CHRONY)
    # Read from outside also when the container is off.
    (root / "var/log/journal").mkdir(exist_ok=True)
    workshop.chroot(root, "systemctl", "-q", "enable", *ENABLED)
    workshop.chroot(root, "systemctl", "-q", "mask", *MASKED)
    _clean(root)
    _write(root / "etc/machine-id", "")
    # Newer than anything in /usr: systemd need not rebuild its caches at first boot.
    for stamp in ("etc/.updated", "var/.updated"):
        (root / stamp).touch()


def _install(root: Path, name: str, below: tuple[Path, ...], workshop: _Workshop) -> None:
    """Install the packages of a layer into the overlay `root`, over those below."""
    merged = workshop.directory / "merged"
    work = workshop.directory / "work"
    for part in (root, work, merged):
        part.mkdir()
    lower = ":".join(str(layer) for layer in reversed(below))
    options = f"volatile,lowerdir={lower},upperdir={root},workdir={work}"
    run(["mount", "-t", "overlay", f"oci-layer-{name}", "-o", options, str(merged)])
    try:
        _write(merged / "usr/sbin/policy-rc.d", NOTHING_STARTS, 0o755)
        _write(merged / "etc/hosts", "127.0.0.1 localhost\n")
        source = merged / "etc/apt/sources.list.d/layer.list"
        _write(source, f"deb {workshop.url} {SUITE} main\n")
        workshop.chroot(merged, "apt-get", "-q", "update")
        words = ["apt-get", "-q", "-y", "-o", "Dpkg::Options::=--force-confold", "install"]
        workshop.chroot(merged, *words, *LAYERS[name].packages)
        for file in (source, merged / "usr/sbin/policy-rc.d"):
            file.unlink()
        shutil.rmtree(merged / "var/lib/apt/lists", ignore_errors=True)
        _disable(merged, root)
        _own_logs(merged, workshop)
        _clean(merged)
    finally:
        run(["umount", str(merged)])


def _write(file: Path, text: str, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


def _disable(merged: Path, upper: Path) -> None:
    """Disable every service that this layer brought, as `systemctl disable` does: `enable` finds all that it needs."""
    units = Path("etc/systemd/system")
    for link in [*(upper / units).glob("*.wants/*"), *(upper / units).glob("*.requires/*")]:
        if not _whiteout(link):
            (merged / link.relative_to(upper)).unlink()
    # update-rc.d wants to find a link in every runlevel; one that says K starts nothing.
    for link in (upper / "etc").glob("rc[2-5S].d/S*"):
        if not _whiteout(link):
            stopped = re.sub(r"^S\d\d", "K01", link.name)
            (merged / link.relative_to(upper)).rename(merged / link.relative_to(upper).with_name(stopped))


def _whiteout(path: Path) -> bool:
    """Whether an entry of an upper directory says that there is nothing (Documentation/filesystems/overlayfs.rst)."""
    status = path.lstat()
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _own_logs(root: Path, workshop: _Workshop) -> None:
    for name, owner in LOGS.items():
        if (root / name).parent.is_dir():
            workshop.chroot(root, "install", "-o", owner, "-g", owner, "-m", "640", "/dev/null", f"/{name}")


def _clean(root: Path) -> None:
    for pattern in OWN:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    initiator = root / "etc/iscsi/initiatorname.iscsi"
    if initiator.exists():
        initiator.write_text("GenerateName=yes\n")
