"""Orders as the appliance gives them, for the shell's tests: `python3 orders.py >ARCHIVE`, facts as KEY=VALUE arguments."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from oci.render.machine.orders import archive, given

FACTS = {
    "TOKEN": "install-secret",
    "MARK": "7c0f0a4e-6d0b-4d0e-9b3e-0123456789ab",
    "LAYOUT": "plain",
    "URL": "https://appliance.test",
    "HOSTNAME": "node1",
    "FQDN": "node1.lab.test",
    "NIC_MAC": "52:54:00:00:00:01",
    "ADDRESS": "10.0.0.11/24",
    "GATEWAY": "10.0.0.1",
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
    sys.stdout.buffer.write(archive(given(FACTS | changed)))
