"""The DHCP server's configuration file: checked, swapped atomically, taken up only when it differs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from oci.domain.quantities import span
from oci.ports import OutsideError

_SECONDS = 15


class DhcpError(OutsideError):
    """The DHCP server did not take its configuration."""


def command_restart(argv: list[str], seconds: float = 30.0) -> Callable[[], None]:
    """A restart that runs a fixed argument list, such as ['systemctl', 'restart', 'oci-dnsmasq']."""

    def restart() -> None:
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DhcpError("dnsmasq was not restarted", str(error), f"Run {' '.join(argv)} by hand") from None
        if done.returncode:
            raise DhcpError(
                "dnsmasq was not restarted",
                done.stderr.strip() or f"{argv[0]} ended with {done.returncode}",
                f"Run {' '.join(argv)} by hand and read its log",
            )

    return restart


def _said(argv: list[str]) -> str | None:
    """What a command of iproute2 prints; None when it fails. Raises DhcpError when it cannot be run."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DhcpError("the DHCP server was not looked at", str(error), "Install iproute2") from None
    return None if done.returncode else done.stdout


def addresses(interface: str) -> list[str] | None:
    """The IPv4 addresses of an interface of this host; None when there is no such interface."""
    if not Path("/sys/class/net", interface).exists():
        return None
    said = _said(["ip", "-4", "-o", "addr", "show", "dev", interface])
    lines = [line.split() for line in (said or "").splitlines()]
    return [words[words.index("inet") + 1].partition("/")[0] for words in lines if "inet" in words]


def serves(interface: str) -> bool:
    """Whether a socket for the DHCP server's port (67, RFC 2131) takes what comes in at `interface`.

    dnsmasq binds it to the interface when it serves one; `ss` then shows ADDRESS%INTERFACE:67.
    """
    said = _said(["ss", "-H", "-u", "-a", "-n", "sport = :67"]) or ""
    local = [words[3].rpartition(":")[0] for words in map(str.split, said.splitlines()) if len(words) > 3]
    return any(place.partition("%")[2] in ("", interface) for place in local)


class EndByPid:
    """A restart that ends the dnsmasq of a pid file; whoever supervises it starts it again.

    A dnsmasq that does not run reads its configuration when it starts. Raises DhcpError when none runs
    again after `seconds`.
    """

    def __init__(self, pid_path: Path, seconds: float = 10.0) -> None:
        self.pid_path, self.seconds = Path(pid_path), seconds

    def pid(self) -> int | None:
        """The process id, when it is that of a running dnsmasq."""
        try:
            pid = int(self.pid_path.read_text())
            return pid if Path(f"/proc/{pid}/comm").read_text().strip() == "dnsmasq" else None
        except (OSError, ValueError):
            return None

    def __call__(self) -> None:
        """End it and wait for its successor."""
        old = self.pid()
        if old is None:
            return
        try:
            os.kill(old, signal.SIGTERM)
        except OSError as error:
            raise DhcpError(
                "dnsmasq was not restarted", f"process {old} was not ended: {error.strerror}", "Restart dnsmasq by hand"
            ) from None
        end = time.monotonic() + self.seconds
        while self.pid() in (None, old):
            if time.monotonic() > end:
                raise DhcpError(
                    "dnsmasq was not restarted",
                    f"nobody started it again within {span(self.seconds)}",
                    "Start dnsmasq by hand, and let its service manager always restart it",
                )
            time.sleep(0.05)


class Dnsmasq:
    """Fulfils oci.ports.Dhcp.

    `restart` makes the running dnsmasq read its configuration, by default by ending the process of
    `pid_path`; a restart and not a SIGHUP, because dnsmasq reads dnsmasq.conf only when it starts.
    Its leases survive in their file.
    """

    def __init__(
        self, config_path: Path, pid_path: Path, binary: str = "dnsmasq", restart: Callable[[], None] | None = None
    ) -> None:
        self.config_path, self.pid_path, self.binary = Path(config_path), Path(pid_path), binary
        self.restart = restart or EndByPid(pid_path)

    @property
    def _pending(self) -> Path:
        """Exists while the file on disk is newer than what dnsmasq runs with."""
        return self.config_path.with_name(self.config_path.name + ".pending")

    def apply(self, text: str) -> bool:
        """Make `text` the configuration; True when it changed. Raises DhcpError.

        A configuration that dnsmasq refuses leaves the old one in force. A restart that failed, or
        that a crash prevented, is done by the next call, also with the same text.
        """
        if self._current() == text:
            if self._pending.exists():
                self._take_up()
            return False
        try:
            self._write(text)
        except OSError as error:
            raise DhcpError(
                "the DHCP configuration was not written",
                str(error),
                f"Make {self.config_path.parent} writable; the old one stays in force",
            ) from None
        self._take_up()
        return True

    def check(self, interface: str, address: str) -> None:
        """See that machines at `interface` are really served, with this host at `address`. Raises DhcpError.

        dnsmasq itself runs on, and only warns, when there is no such interface.
        """
        what = f"nobody is served by DHCP at {interface}"
        here = addresses(interface)
        if here is None:
            raise DhcpError(
                what,
                "this host has no such interface",
                "`ip -br link` lists those it has; correct the setting dhcp_interface, then run `oci-admin apply`",
            )
        if address not in here:
            has = f"it has {', '.join(here)}" if here else "it has no address"
            raise DhcpError(
                what,
                f"the interface has not the address {address} of the setting server_address; {has}",
                f"Give it {address}, or correct the setting, then run `oci-admin apply`",
            )
        if not serves(interface):
            raise DhcpError(
                what,
                "no DHCP server listens there",
                "Read `journalctl -u oci-dnsmasq`; `systemctl start oci-dnsmasq` starts it",
            )

    def _current(self) -> str | None:
        try:
            return self.config_path.read_text()
        except OSError:
            return None

    def _take_up(self) -> None:
        self.restart()
        self._pending.unlink(missing_ok=True)

    def _write(self, text: str) -> None:
        directory = self.config_path.parent
        handle, name = tempfile.mkstemp(prefix=f".{self.config_path.name}.", dir=directory)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            self._check(name)
            self._pending.touch()
            Path(name).replace(self.config_path)
            self._sync(directory)
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()

    @staticmethod
    def _sync(directory: Path) -> None:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _check(self, name: str) -> None:
        try:
            done = subprocess.run(
                [self.binary, "--test", "-C", name],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DhcpError(
                "the DHCP configuration was not checked",
                str(error),
                "Install dnsmasq-base; the old configuration stays in force",
            ) from None
        if done.returncode:
            why = done.stderr.replace(name, self.config_path.name).strip()
            raise DhcpError(
                "dnsmasq refuses its new configuration",
                why or f"it ended with {done.returncode}",
                "Correct the settings it is made from; the old configuration stays in force",
            )
