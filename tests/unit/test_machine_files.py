"""The files of a new system, as text; and the orders that carry them to the machine."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from promised import card, text

from oci.domain.promise.layouts import LAYOUTS, OrderedDisk, steps
from oci.render.machine.files import BadFileValue, Machine, files
from oci.render.machine.orders import archive, given

GOLDEN = Path(__file__).parent.parent / "golden"
MARK = "7c0f0a4e-6d0b-4d0e-9b3e-0123456789ab"
FULL = Machine(
    hostname="node1",
    fqdn="node1.lab.test",
    interfaces=(card(),),
    addresses=("10.0.0.11",),
    mark=MARK,
    puppet_server="puppet.lab.test",
    puppet_address="10.0.0.1",
    dns=("10.0.0.1", "10.0.0.2"),
    ntp=("10.0.0.1", "10.0.0.3"),
    ssh_keys=("ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"),
    kernel_args="quiet console=ttyS0",
)
BARE = Machine("node1", "node1", (card(gateway=""),), ("10.0.0.11",), MARK, "puppet.lab.test")
FACTS = {
    "TOKEN": "install-secret",
    "MARK": MARK,
    "PROMISE": text("mirror", [("serial:one", 480103981056), ("serial:two", 480103981056)]),
    "URL": "https://10.0.0.1",
    "HOSTNAME": "node1",
    "FQDN": "node1.lab.test",
    "ADDRESSES": "10.0.0.11",
    "DNS": "10.0.0.1 10.0.0.2",
    "NTP": "10.0.0.1",
    "IMAGE_URL": "http://10.0.0.1/images/root.tar.zst",
    "IMAGE_SHA256": "ab" * 32,
    "IMAGE_BYTES": "123456789",
    "PUPPET_SERVER": "puppet.lab.test",
    "PUPPET_ADDRESS": "10.0.0.1",
    "ENVIRONMENT": "production",
    "ROOT_HASH": "$6$salt$hash",
    "SSH_KEYS": "ssh-ed25519 AAAA one\nssh-ed25519 BBBB two",
    "KERNEL_ARGS": "quiet",
}
SECRETS = ("install-secret", "$6$salt$hash")


def laid_out(name: str = "plain"):
    ordered = [OrderedDisk(f"serial:{number}", 10**11) for number in range(LAYOUTS[name].disks)]
    return steps(name, ordered, MARK)


@pytest.mark.parametrize(
    ("name", "machine", "layout"),
    [("full", FULL, "plain"), ("bare", BARE, "plain"), ("mirror", replace(FULL, kernel_args=""), "mirror")],
)
def test_golden(name: str, machine: Machine, layout: str) -> None:
    made = files(machine, laid_out(layout))
    text = "".join(f"=== /{path} {file.mode:04o}\n{file.text}" for path, file in made.items())
    path = GOLDEN / f"machine-files-{name}.txt"
    if os.environ.get("OCI_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text(), f"{path.name} differs; look, then `make golden`"


@pytest.mark.parametrize("field", ["hostname", "kernel_args", "puppet_server", "puppet_address"])
@pytest.mark.parametrize("value", ["x\n127.0.0.1 evil", "x\ry", "x\0", "x\x1b[2J"])
def test_a_value_of_several_lines_is_refused_by_its_name(field: str, value: str) -> None:
    with pytest.raises(BadFileValue, match=f"{field} holds"):
        files(replace(FULL, **{field: value}), laid_out())
    with pytest.raises(BadFileValue, match="addresses holds"):
        files(replace(FULL, addresses=("10.0.0.1", value)), laid_out())
    with pytest.raises(BadFileValue, match="dns holds"):
        files(replace(FULL, dns=("10.0.0.1", value)), laid_out())


def test_orders_are_unpacked_as_they_are_with_their_modes(tmp_path: Path) -> None:
    made = given(FACTS)
    (tmp_path / "archive").write_bytes(archive(made))
    for cpio in (["cpio"], ["busybox", "cpio"]):
        place = tmp_path / cpio[0]
        place.mkdir()
        subprocess.run(
            ["sh", "-c", 'umask 077; "$@" -idu <../archive', "sh", *cpio],
            cwd=place,
            check=True,
            capture_output=True,
            timeout=20,
        )
        there = {str(path.relative_to(place)): path for path in place.rglob("*") if path.is_file()}
        assert {name: (path.read_text(), path.stat().st_mode & 0o777) for name, path in there.items()} == {
            name: (file.text, file.mode) for name, file in made.items()
        }
        assert all(path.stat().st_mode & 0o077 == 0 for path in place.rglob("*") if path.is_dir())


def test_secrets_are_in_one_private_file_and_in_no_other() -> None:
    made = given(FACTS)
    holding = [name for name, file in made.items() if any(secret in file.text for secret in SECRETS)]
    assert holding == ["orders.env"] and made["orders.env"].mode == 0o600
    private = [name for name, file in made.items() if not file.mode & 0o077]
    assert private == ["orders.env", "files/etc/oci/oci.env", "files/root/.ssh/authorized_keys"]


def test_orders_of_a_wipe_are_lines_alone() -> None:
    facts = {"TOKEN": "t", "DISKS": "serial:a serial:b", "UNITS": "", "METHOD": "discard"}
    made = given(facts)
    assert list(made) == ["orders.env"]
    assert made["orders.env"].text == "TOKEN='t'\nDISKS='serial:a serial:b'\nUNITS=''\nMETHOD='discard'\n"


def test_the_same_facts_give_the_same_archive() -> None:
    assert archive(given(FACTS)) == archive(given(dict(reversed(FACTS.items()))))
