"""Which accelerator QEMU may use here: software emulation, unless KVM has really booted a kernel.

/dev/kvm and a QEMU that starts prove nothing: there are hosts where the firmware runs under KVM and
every Linux kernel dies. So a mini system is booted and must write a marker to its serial port.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from oci.render.machine.boot import newc

MARKER = "oci-lab-kernel-lives"
# Without cmpxchg16b: QEMU 7.2 emulates it wrongly, with stray flags when a timer interrupt follows. Of 48
# boots of Debian 13's kernel on a busy host 16 died of it (double faults); without it, none of 96.
TCG = ("-accel", "tcg,thread=multi,tb-size=512", "-cpu", "qemu64,-cx16")
# HAProxy of Debian 13 ends with "Illegal instruction" on a processor without it. A machine that runs it has the instruction,
# and a kernel that is told to leave it alone: it is the kernel that dies of it, in interrupts.
TCG_WITH_CX16 = (*TCG[:-1], "qemu64")
KERNEL_WITHOUT_CX16 = "clearcpuid=cx16"
KVM = ("-accel", "kvm", "-cpu", "host")

_INIT = f"""#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'
echo {MARKER} >/dev/ttyS0
/bin/busybox poweroff -f
"""


def initramfs(init: str = _INIT) -> bytes:
    """A cpio archive with a static busybox and the script `init`. Raises OSError without busybox."""
    busybox = Path("/bin/busybox").read_bytes()
    return newc(
        [
            ("dev", 0o040755, b""),
            ("bin", 0o040755, b""),
            ("bin/busybox", 0o100755, busybox),
            ("init", 0o100755, init.encode()),
        ]
    )


def proves(accelerator: tuple[str, ...], kernel: Path, timeout: float = 40.0) -> bool:
    """Whether `kernel` boots with `accelerator` up to user space within `timeout` s."""
    with tempfile.TemporaryDirectory(prefix="oci-accel-") as directory:
        image, serial = Path(directory, "initrd"), Path(directory, "serial")
        try:
            image.write_bytes(initramfs())
            subprocess.run(
                [
                    "qemu-system-x86_64",
                    *accelerator,
                    "-m",
                    "256",
                    "-nodefaults",
                    "-no-user-config",
                    "-display",
                    "none",
                    "-no-reboot",
                    "-serial",
                    f"file:{serial}",
                    "-kernel",
                    str(kernel),
                    "-initrd",
                    str(image),
                    "-append",
                    "console=ttyS0 quiet panic=-1",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=timeout,
                check=False,
            )
            return MARKER in serial.read_text(errors="replace")
        except (OSError, subprocess.TimeoutExpired):
            return False


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def accelerator(kernel: Path | None, cache: Path, cx16: bool = False) -> tuple[str, ...]:
    """QEMU's arguments for this host; the answer is kept in `cache` until the host's next boot.

    `kernel` is a Linux kernel to try KVM with; without one, software emulation is used. `cx16`: its programs need
    cmpxchg16b; then its kernel needs KERNEL_WITHOUT_CX16.
    """
    emulated = TCG_WITH_CX16 if cx16 else TCG
    if kernel is None or not kernel.exists() or not os.access("/dev/kvm", os.W_OK):
        return emulated
    note = cache / "accelerator"
    known = note.read_text().split() if note.exists() else []
    if known[:1] != [_boot_id()]:
        known = [_boot_id(), "kvm" if proves(KVM, kernel) else "tcg"]
        cache.mkdir(parents=True, exist_ok=True)
        note.write_text(" ".join(known) + "\n")
    return KVM if known[1] == "kvm" else emulated
