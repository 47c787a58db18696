"""Orders as the appliance gives them, for the shell's tests: `python3 orders.py >ARCHIVE`, facts as KEY=VALUE arguments."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

from promised import text  # noqa: E402

from oci.render.machine.orders import archive, given  # noqa: E402

FACTS = {
    "TOKEN": "install-secret",
    "MARK": "7c0f0a4e-6d0b-4d0e-9b3e-0123456789ab",
    "URL": "https://appliance.test",
    "HOSTNAME": "node1",
    "FQDN": "node1.lab.test",
    "ADDRESSES": "10.0.0.11",
    "DNS": "10.0.0.1 10.0.0.2",
    "NTP": "10.0.0.1",
    "IMAGE_URL": "http://appliance.test/image",
    "IMAGE_SHA256": "0" * 64,
    "IMAGE_BYTES": "1",
    "PUPPET_SERVER": "puppet.lab.test",
    "PUPPET_ADDRESS": "10.0.0.1",
    "ENVIRONMENT": "production",
    "ROOT_HASH": "$6$salt$hash",
    "SSH_KEYS": "ssh-ed25519 AAAA one\nssh-ed25519 BBBB two",
    "KERNEL_ARGS": "quiet console=ttyS0",
}

if __name__ == "__main__":
    changed = dict(word.split("=", 1) for word in sys.argv[1:])
    # Of the disks the tests say what they are called, how large they are, and how they are to be laid out.
    names, sizes = changed.pop("DISK").split(), map(int, changed.pop("DISK_BYTES").split())
    changed["PROMISE"] = text(changed.pop("LAYOUT", "plain"), list(zip(names, sizes, strict=True)))
    sys.stdout.buffer.write(archive(given(FACTS | changed)))
