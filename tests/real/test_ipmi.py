"""The IPMI adapter with real ipmitool, against the lab's controller over a machine that only pretends."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from pretended import PASSWORD, Bench, Benches

from oci.adapters.power.ipmi import BadCredentials, Ipmi, Refused, Unreachable
from oci.ports import BmcAccess, PowerError

pytestmark = pytest.mark.real


@pytest.fixture
def bench(benches: Benches) -> Bench:
    """A controller without a fault; its machine is off."""
    return benches.start()


@pytest.fixture
def ipmi(tmp_path: Path) -> Ipmi:
    return Ipmi(tmp_path, settle_seconds=0.75)


def test_on_off_cycle_and_reset(bench: Bench, ipmi: Ipmi) -> None:
    assert ipmi.status(bench.access) == "off"
    ipmi.on(bench.access)
    assert bench.machine.running() and ipmi.status(bench.access) == "on"
    ipmi.on(bench.access)
    ipmi.reset(bench.access)
    assert bench.machine.value("resets") == 1
    ipmi.cycle(bench.access)
    assert bench.machine.running()
    ipmi.off(bench.access)
    assert not bench.machine.running()
    ipmi.off(bench.access)
    ipmi.cycle(bench.access)
    assert bench.machine.running(), "a cycle of a machine that is off switches it on"


def test_the_boot_device(bench: Bench, ipmi: Ipmi) -> None:
    ipmi.boot_device(bench.access, "disk")
    assert bench.machine.boot_device() == "disk"
    ipmi.boot_device(bench.access, "pxe")
    assert bench.machine.boot_device() == "pxe"
    with pytest.raises(Refused, match="Say one of pxe, disk"):
        ipmi.boot_device(bench.access, "disk; reboot")


def test_a_wrong_password_and_a_wrong_user(bench: Bench, ipmi: Ipmi) -> None:
    for access in (
        BmcAccess("127.0.0.1", "operator", "wrong", bench.access.port),
        BmcAccess("127.0.0.1", "nobody", PASSWORD, bench.access.port),
    ):
        with pytest.raises(BadCredentials, match=r"does not accept the user and password.*Correct the"):
            ipmi.status(access)


def test_a_dead_controller(tmp_path: Path) -> None:
    waits: list[float] = []
    ipmi = Ipmi(tmp_path, attempts=3, call_seconds=1.0, sleep=waits.append)
    with pytest.raises(Unreachable, match=r"nothing answers at 127\.0\.0\.1 port 9"):
        ipmi.status(BmcAccess("127.0.0.1", "operator", PASSWORD, 9))
    assert waits == [1.0, 2.0]
    assert not list((tmp_path / "bmc").iterdir())


def test_a_switch_that_has_no_effect_is_not_believed(bench: Bench, ipmi: Ipmi) -> None:
    bench.machine.put("ignored", 1)
    with pytest.raises(Refused, match=r"did not switch on.*after 3 s"):
        ipmi.on(bench.access)


def test_a_missing_program_is_said(tmp_path: Path) -> None:
    with pytest.raises(PowerError, match="Install ipmitool"):
        Ipmi(tmp_path, binary=str(tmp_path / "none")).status(BmcAccess("127.0.0.1", "a", "b"))


def test_the_password_is_in_no_process_list_and_in_no_file_afterwards(bench: Bench, tmp_path: Path) -> None:
    ipmi, seen, over = Ipmi(tmp_path), set[bytes](), threading.Event()
    modes: set[int] = set()

    def watch() -> None:
        while not over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    words = (process / "cmdline").read_bytes()
                    environment = (process / "environ").read_bytes() if b"ipmitool" in words else b""
                except OSError:
                    continue
                if b"ipmitool" in words:
                    seen.add(words + environment)
            for path in (tmp_path / "bmc").glob("*"):
                try:
                    modes.add(path.stat().st_mode & 0o777)
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        end = time.monotonic() + 20
        while not (seen and modes) and time.monotonic() < end:
            ipmi.on(bench.access)
            ipmi.off(bench.access)
    finally:
        over.set()
        watcher.join()
    assert seen, "ipmitool was not seen while it ran"
    assert not [words for words in seen if PASSWORD.encode() in words]
    assert modes == {0o600} and (tmp_path / "bmc").stat().st_mode & 0o777 == 0o700
    assert not list((tmp_path / "bmc").iterdir())
    assert PASSWORD not in repr(bench.access)
