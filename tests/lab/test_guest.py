"""The guest of a cloud's proof, in QEMU's own network: what it says of its address, its metadata and whom it reached."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.ground.checkout import CHECKOUT
from lab.vms import images
from lab.vms.emulated.accel import TCG
from oci.domain.cloud import guest
from oci.records.cloud.proofs import MEMORY_MIB
from oci.render.clients.guest import COMMAND_LINE, ramdisk

pytestmark = pytest.mark.lab
SECONDS = 600
"""For a boot without hardware's help beside others."""
ID = "0b6f9d1c-7d0e-4a51-9f0d-0123456789ab"
# A web server for one request, on its standard input and output: Nova's metadata, as little as there is.
METADATA = f'''\
import sys
line = sys.stdin.buffer.readline()
while sys.stdin.buffer.readline().strip():
    pass
body = b'{{"hostname": "x", "uuid": "{ID}", "name": "oci"}}' if b"meta_data.json" in line else b"169.254.2.3 \\n"
sys.stdout.buffer.write(b"HTTP/1.0 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
sys.stdout.buffer.flush()
'''


def boot(folder: Path, live: Path) -> tuple[list[str], Path]:
    """The words that boot the guest as Nova does, and where its console is written."""
    init = (CHECKOUT / "discovery/guest-init").read_bytes()
    (folder / "initrd").write_bytes(ramdisk((live / "initrd.img").read_bytes(), init))
    (folder / "metadata.py").write_text(METADATA)
    answer = f"guestfwd=tcp:169.254.169.254:80-cmd:{sys.executable} {folder}/metadata.py"
    console = folder / "console"
    words = ["qemu-system-x86_64", "-nodefaults", "-no-reboot", "-machine", "pc", *TCG, "-m", str(MEMORY_MIB)]
    words += ["-display", "none", "-serial", f"file:{console}", "-kernel", str(live / "vmlinuz")]
    words += ["-initrd", str(folder / "initrd"), "-append", f"root=/dev/vda {COMMAND_LINE}"]
    words += ["-netdev", f"user,id=n,net=169.254.0.0/16,{answer}", "-device", "virtio-net-pci,netdev=n"]
    return words, console


def test_it_tells_its_lease_its_metadata_and_whom_it_reached(tmp_path: Path) -> None:
    live = images.taken(tmp_path / "images", print, kinds=("live",)) / "live"
    words, console = boot(tmp_path, live)
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as machine:
        try:
            end, told = time.monotonic() + SECONDS, guest.Told()
            while "169.254.2.3" not in told.reached:
                assert machine.poll() is None, "QEMU ended"
                assert time.monotonic() < end, f"after {SECONDS} s it says: {console.read_text()[-2000:]}"
                time.sleep(1)
                told = guest.read(console.read_text(errors="replace") if console.exists() else "")
        finally:
            machine.kill()
    assert told.lease == "169.254.2.15" and told.instance == ID
    assert told.reached == {"169.254.2.2", "169.254.2.3"}, "its gateway, and whom metadata named"
