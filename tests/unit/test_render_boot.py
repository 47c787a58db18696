"""Boot scripts, as text, and the archive of one boot."""

from __future__ import annotations

import io
import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci.domain.path import netboot
from oci.domain.promise.layouts import LAYOUTS
from oci.render.machine import boot
from oci.render.machine.boot import BadBootValue

GOLDEN = Path(__file__).parent.parent / "golden"
URL, MAC, SHA = "http://10.77.0.1", "52:54:00:77:00:01", "ab" * 32
MARK = "7c0f0a4e-6d0b-4d0e-9b3e-0123456789ab"
ARGS = "console=tty0 console=ttyS0,115200 quiet"

CASES = {
    "boot-start.ipxe": lambda: boot.start(URL),
    "boot-live.ipxe": lambda: boot.live(URL, "3f2a", MAC, SHA, ARGS),
    "boot-live-firmware.ipxe": lambda: boot.live(URL, "3f2a", MAC, SHA, ARGS, firmware=True),
    "boot-local-bios.ipxe": lambda: boot.local("pcbios"),
    "boot-local-uefi.ipxe": lambda: boot.local("efi"),
    "boot-local-uefi-arm64.ipxe": lambda: boot.local("efi", "arm64"),
    "boot-local-marked.ipxe": lambda: boot.local("efi", mark=MARK, http_url=URL),
    "boot-local-marked-bios.ipxe": lambda: boot.local("pcbios", mark=MARK, http_url=URL, finder=True),
    "boot-local-marked-arm64.ipxe": lambda: boot.local("efi", "arm64", MARK, URL),
    "boot-refuse.ipxe": lambda: boot.refuse("the live image is not built; run `oci-admin images`", URL),
}


def golden(name: str, text: str) -> None:
    if os.environ.get("OCI_GOLDEN"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text(), f"tests/golden/{name} differs; look, then `make golden`"


@pytest.mark.parametrize("name", sorted(CASES))
def test_golden(name: str) -> None:
    text = CASES[name]()
    assert text.startswith("#!ipxe\n")
    golden(name, text)


def test_start_names_everything_that_the_decision_needs() -> None:
    chain = next(line for line in boot.start(URL).splitlines() if line.startswith("chain"))
    assert f"{URL}/boot/script?" in chain
    for name in ("mac", "uuid", "serial", "platform", "arch", "asset"):
        assert re.search(rf"[?&]{name}=\$\{{", chain)


def test_live_names_its_archives_in_the_order_in_which_the_kernel_unpacks_them() -> None:
    text = boot.live(URL, "3f2a", MAC, SHA, ARGS, firmware=True)
    loaded = re.findall(r"^initrd --name (\S+) ", text, re.MULTILINE)
    assert loaded == ["initrd.img", "firmware.cpio", "site.cpio"]
    assert re.findall(r" initrd=(\S+)", text) == loaded


def test_local_boot_on_uefi_does_not_merely_exit() -> None:
    assert "\\EFI\\BOOT\\BOOTX64.EFI || exit 1" in boot.local("efi")
    assert boot.local("pcbios") == "#!ipxe\nexit 0\n"


@pytest.mark.parametrize("text", [boot.local("efi"), boot.local("efi", "arm64"), boot.start(URL)])
def test_a_boot_that_knows_no_mark_takes_an_own_disk_before_an_older_systems(text: str) -> None:
    sanboots = [line for line in text.splitlines() if line.startswith("sanboot")]
    assert [f"--label {boot.ESP_LABEL} ||" in line for line in sanboots] == [True, False] * (len(sanboots) // 2)
    assert sanboots[0].endswith(" ||") and sanboots[1].endswith("|| exit 1")
    assert all(f" {boot.ESP_LABEL}\n" in layout.text for layout in LAYOUTS.values())


def test_a_marked_disk_is_the_only_one_that_is_ever_booted() -> None:
    """Neither a missing disk nor a loader that does not know the option ends in another disk's system."""
    text = boot.local("efi", mark=MARK, http_url=URL)
    sanboots = [line for line in text.splitlines() if "sanboot" in line]
    assert len(sanboots) == 1 and f"--uuid {MARK}" in sanboots[0] and sanboots[0].endswith(" ||")
    assert f"chain --replace {URL}/loaders/snponly.efi" in text
    text = boot.local("pcbios", mark=MARK, http_url=URL, finder=True)
    assert f"set root-path {MARK}\nchain {URL}/live/disk.pxe ||\n" in text and "exit 0" not in text
    assert boot.local("pcbios", mark=MARK, http_url=URL) == boot.local("pcbios")


@pytest.mark.parametrize("mark", [MARK.upper(), "ESP", "7c0f0a4e", "${uuid}", MARK + " || shell", " " + MARK])
def test_a_mark_is_a_guid(mark: str) -> None:
    with pytest.raises(BadBootValue, match="cannot stand"):
        boot.local("efi", mark=mark, http_url=URL)


def test_the_loaders_of_the_answers_are_those_that_are_served() -> None:
    assert set(boot.EFI_LOADERS.values()) <= set(netboot.loaders())
    assert set(boot.EFI_LOADERS) == set(boot.EFI_FILES)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"http_url": "http://10.77.0.1/"}, "no path"),
        ({"http_url": "https://10.77.0.1"}, "no path"),
        ({"boot_id": "a b"}, "boot 'a b' cannot stand"),
        ({"boot_id": "a&&reboot"}, "cannot stand"),
        ({"mac": "52:54:00:77:00:0G"}, "must look like 52:54"),
        ({"mac": MAC.upper().replace("77", "AA")}, "must look like 52:54"),
        ({"sha256": "ab"}, "64 hexadecimal digits"),
        ({"kernel_args": "quiet\nexit"}, "control or non-ASCII"),
        ({"kernel_args": "a=${net0/mac}"}, "must look like"),
        ({"kernel_args": "quiet || shell"}, "must look like"),
        ({"kernel_args": "initrd=other.img"}, "belongs to OCI"),
        ({"kernel_args": "oci.url=http://10.0.0.9"}, "belongs to OCI"),
    ],
)
def test_a_refusal_says_what_and_what_instead(change: dict[str, str], says: str) -> None:
    good = {"http_url": URL, "boot_id": "3f2a", "mac": MAC, "sha256": SHA, "kernel_args": ARGS}
    with pytest.raises(BadBootValue, match=says):
        boot.live(**{**good, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["http_url", "boot_id", "mac", "sha256", "kernel_args"])
@given(tail=st.text(min_size=1, max_size=12))
def test_no_value_becomes_a_command(field: str, tail: str) -> None:
    good = {"http_url": URL, "boot_id": "3f2a", "mac": MAC, "sha256": SHA, "kernel_args": ARGS}
    try:
        text = boot.live(**{**good, field: good[field] + tail})  # type: ignore[arg-type]
    except BadBootValue:
        return
    _only_our_commands(text)


@given(reason=st.text(max_size=300))
def test_a_reason_is_only_shown(reason: str) -> None:
    _only_our_commands(boot.refuse(reason, URL))
    assert "$" not in boot.refuse(reason) and "|" not in boot.refuse(reason)


def _only_our_commands(text: str) -> None:
    lines = text.splitlines()
    assert lines[0] == "#!ipxe" and text.isascii() and "${" not in text
    assert {line.split()[0] for line in lines[1:]} <= {
        "kernel",
        "initrd",
        "boot",
        "echo",
        "sleep",
        "chain",
        "exit",
        ":failed",
    }
    assert all("&&" not in line and line.count("||") <= 1 for line in lines)


def test_kernel_arguments_keep_their_order() -> None:
    assert boot.kernel_arguments("  b=1   a  ip=[x]".replace("[x]", "dhcp")) == ["b=1", "a", "ip=dhcp"]


def test_the_archive_is_what_cpio_reads(tmp_path: Path) -> None:
    files = {"site.env": b"OCI_BOOT='x'\n", "auth": b"Authorization: B t\n", "empty": b"", "odd": b"12345"}
    data = boot.site_cpio(files)
    argv = ["cpio", "-idm", "--quiet"]
    done = subprocess.run(argv, input=data, cwd=tmp_path, capture_output=True, check=True)
    assert not done.stderr
    assert (tmp_path / "oci").stat().st_mode & 0o7777 == 0o700
    assert {path.name: path.read_bytes() for path in (tmp_path / "oci").iterdir()} == files
    assert all(path.stat().st_mode & 0o7777 == 0o600 for path in (tmp_path / "oci").iterdir())


def test_the_archive_does_not_depend_on_the_order_of_its_files() -> None:
    assert boot.site_cpio({"a": b"1", "b": b"2"}) == boot.site_cpio({"b": b"2", "a": b"1"})


@pytest.mark.parametrize("name", ["../x", "a/b", "", "-rf", "a\nb", ".hidden"])
def test_the_archive_holds_files_of_its_directory_only(name: str) -> None:
    with pytest.raises(BadBootValue):
        boot.site_cpio({name: b""})


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.binary(max_size=40), max_size=4))
def test_every_archive_is_aligned_and_ends(files: dict[str, bytes]) -> None:
    data = boot.site_cpio(files)
    stream, names = io.BytesIO(data), []
    while True:
        head = stream.read(110)
        assert head[:6] == b"070701" and (stream.tell() - 110) % 4 == 0
        size, length = int(head[54:62], 16), int(head[94:102], 16)
        names.append(stream.read(length)[:-1].decode())
        stream.seek(-stream.tell() % 4, 1)
        stream.seek(size + -size % 4, 1)
        if names[-1] == "TRAILER!!!":
            break
    assert names == ["oci", *(f"oci/{name}" for name in sorted(files)), "TRAILER!!!"]
    assert stream.tell() == len(data)
