"""Boot answers: the iPXE scripts and the small archive that a machine gets when it asks what to boot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from oci.domain.path.netboot import LOADER_PATH, START_PATH
from oci.domain.promise.layouts import ESP_LABEL
from oci.domain.words import KERNEL_ARGUMENT, KERNEL_RESERVED, MAC, SHA256, TOKEN, UUID

_URL = re.compile(r"http://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_BOOT_ID, _MAC, _SHA256, _MARK = map(re.compile, (TOKEN, MAC, SHA256, UUID))
_KERNEL_ARG = re.compile(KERNEL_ARGUMENT)
MARK_LOOK = "a UUID in small letters"
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")

# The file that UEFI starts from a disk on which it knows no entry, by iPXE's name of the architecture.
EFI_FILES = {"x86_64": "BOOTX64.EFI", "i386": "BOOTIA32.EFI", "arm64": "BOOTAA64.EFI"}


# Files of the live image that not every build has.
FIRMWARE, FINDER = "firmware.cpio", "disk.pxe"
# The loaders that know all that these scripts ask for, by the same names.
EFI_LOADERS = {"x86_64": "snponly.efi", "i386": "snponly.efi", "arm64": "ipxe-arm64.efi"}


class BadBootValue(ValueError):
    """A value that must not be put into a boot script; the text says which, why and what would do."""


def _checked(name: str, pattern: re.Pattern[str], value: str, example: str) -> str:
    if not pattern.fullmatch(value):
        raise BadBootValue(f"{name} {value!r} cannot stand in a boot script; it must look like {example}")
    return value


def _url(value: str) -> str:
    return _checked("URL", _URL, value, "http://10.0.0.1 (no path)")


def kernel_arguments(text: str) -> list[str]:
    """`text` as a list of kernel arguments. Raises BadBootValue for what a boot script cannot carry."""
    if any(ord(char) < 32 or ord(char) > 126 for char in text):
        raise BadBootValue(f"kernel arguments {text!r} hold a control or non-ASCII character; use one plain line")
    words = text.split()
    for word in words:
        _checked("kernel argument", _KERNEL_ARG, word, "name=value, of letters, digits and _.,:=/@%+~-")
        if word.startswith(KERNEL_RESERVED):
            raise BadBootValue(f"kernel argument {word!r} belongs to OCI; leave out initrd= and oci.*")
    return words


def start(http_url: str) -> str:
    """The constant script that every iPXE gets: it says who asks and runs the decision.

    When nobody answers it boots the local disk, so that an installed machine does not depend on the
    appliance: 6 attempts, 2 s apart. The script is the same for every machine, so it cannot say which disk
    that is: on UEFI the first one that an install of OCI labelled, else the first one with a boot file.
    """
    # What a vendor may fill freely comes last: an old iPXE leaves an ampersand in it as it is.
    query = "&".join(
        (
            "mac=${netX/mac}",
            "uuid=${uuid}",
            "platform=${platform}",
            "arch=${buildarch}",
            "serial=${serial:uristring}",
            "asset=${asset:uristring}",
        )
    )
    return "\n".join(
        (
            "#!ipxe",
            "set attempt:int32 0",
            ":ask",
            f"chain --replace {_url(http_url)}/boot/script?{query} ||",
            "inc attempt",
            "iseq ${attempt} 6 && goto disk ||",
            "echo OCI does not answer, asking again",
            "sleep 2",
            "goto ask",
            ":disk",
            "echo OCI does not answer, booting the local disk",
            "iseq ${platform} efi && goto efi ||",
            "exit 0",
            ":efi",
            "iseq ${buildarch} arm64 && goto arm64 ||",
            *_unmarked("x86_64"),
            ":arm64",
            *_unmarked("arm64"),
            "",
        )
    )


def live(http_url: str, boot_id: str, mac: str, sha256: str, kernel_args: str = "", firmware: bool = False) -> str:
    """The script that loads the live image for the boot `boot_id` of the machine with card `mac`.

    `sha256` is that of root.squashfs, `firmware` adds the optional firmware archive. Raises
    BadBootValue. What fails to load is asked for again with a new decision, 10 s later.
    """
    url = _url(http_url)
    boot = _checked("boot", _BOOT_ID, boot_id, "letters, digits, _ and -")
    words = [
        f"oci.url={url}",
        f"oci.boot={boot}",
        f"oci.mac={_checked('MAC', _MAC, mac, '52:54:00:12:34:56')}",
        f"oci.sha256={_checked('SHA-256', _SHA256, sha256, '64 hexadecimal digits')}",
        *kernel_arguments(kernel_args),
    ]
    parts = [("initrd.img", "/live/initrd.img")]
    if firmware:
        parts.append((FIRMWARE, f"/live/{FIRMWARE}"))
    parts.append(("site.cpio", f"/boot/site.cpio?boot={boot}"))
    names = " ".join(f"initrd={name}" for name, _ in parts)
    return "\n".join(
        (
            "#!ipxe",
            f"kernel --name vmlinuz {url}/live/vmlinuz {names} {' '.join(words)} || goto failed",
            *(f"initrd --name {name} {url}{path} || goto failed" for name, path in parts),
            "boot || goto failed",
            ":failed",
            "echo The live image did not load, asking OCI again",
            "sleep 10",
            f"chain --replace {url}/boot/start.ipxe || exit 1",
            "",
        )
    )


def _sanboot(arch: str, only: str = "") -> str:
    # To iPXE on UEFI, drive 0 is any disk that has the file; --uuid is the partition's own GUID, --label that of its FAT.
    name = EFI_FILES.get(arch, EFI_FILES["x86_64"])
    return f"sanboot --no-describe --drive 0 --filename \\EFI\\BOOT\\{name}{only} ||"


def _unmarked(arch: str) -> tuple[str, str]:
    # A loader that is older than the option refuses it, and goes on with the next line.
    return _sanboot(arch, f" --label {ESP_LABEL}"), f"{_sanboot(arch)} exit 1"


def local(platform: str, arch: str = "x86_64", mark: str = "", http_url: str = "", finder: bool = False) -> str:
    """The script that boots the installed system; `platform` and `arch` as iPXE names them.

    `mark` is the UUID that the install gave its root file system and its EFI system partition. Only the disk
    that has it is booted: on UEFI by iPXE, on BIOS by the disk finder of the live image, if it has one
    (`finder`). When that fails, because the disk is away or the loader is older than the option, the machine
    asks again, with the loader of `http_url` on UEFI; no other disk is ever booted instead. Without a mark
    UEFI boots the first disk that an install labelled, else the first with a boot file, and BIOS without mark or
    finder its own first disk. Raises BadBootValue.
    """
    if not mark or (platform != "efi" and not finder):
        # Plain `exit` leaves UEFI in its set-up menu, and `exit 1` makes it try every other network boot first.
        return "\n".join(("#!ipxe", *_unmarked(arch), "")) if platform == "efi" else "#!ipxe\nexit 0\n"
    return "\n".join(("#!ipxe", *_marked(platform, arch, _checked("mark", _MARK, mark, MARK_LOOK), _url(http_url)), ""))


def _marked(platform: str, arch: str, mark: str, url: str) -> tuple[str, ...]:
    missing = (
        "echo OCI: the disk that this machine was installed on does not start. Is it plugged in?",
        "echo No other disk is booted instead. Asking again in 20 s",
        "sleep 20",
    )
    again = f"chain --replace {url}{START_PATH} || reboot || exit 1"
    if platform == "efi":
        loader = EFI_LOADERS.get(arch, EFI_LOADERS["x86_64"])
        # A sanboot gives the card back to the firmware, whether or not it finds the disk.
        own = ("ifclose ||", "dhcp ||", f"chain --replace {url}{LOADER_PATH}/{loader} ||")
        return (_sanboot(arch, f" --uuid {mark}"), *missing, *own, again)
    # What iPXE knows as DHCP options it hands on to the program that it starts: that is how the finder is told.
    return (f"set root-path {mark}", f"chain {url}/live/{FINDER} ||", *missing, again)


def refuse(reason: str, http_url: str | None = None, seconds: int = 30) -> str:
    """The script that shows `reason` on the machine's screen, waits, and asks again at `http_url`.

    Without `http_url` the firmware goes on with its next boot device. What iPXE could take for a
    setting or a command is left out of `reason`.
    """
    shown = re.sub(r"[^A-Za-z0-9 .,:/_()'-]+", " ", reason)[:200].strip()
    last = f"chain --replace {_url(http_url)}/boot/start.ipxe || exit 1" if http_url else "exit 1"
    return "\n".join(("#!ipxe", f"echo OCI: {shown}", f"sleep {int(seconds)}", last, ""))


def newc(entries: Iterable[tuple[str, int, bytes]]) -> bytes:
    """A cpio archive (newc) of (path, mode with file type, content), owned by root, without times."""
    parts: list[bytes] = []
    for inode, (path, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], start=1):
        name = path.encode() + b"\0"
        links = 2 if mode & 0o040000 and not mode & 0o100000 else 1
        fields = (inode, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        parts += [head, b"\0" * (-len(head) % 4), content, b"\0" * (-len(content) % 4)]
    return b"".join(parts)


def site_cpio(files: Mapping[str, bytes]) -> bytes:
    """The archive that makes a general live image one site's, for one boot: `oci` 0700, `files` 0600."""
    for name in files:
        _checked("file name", _FILE, name, "site.env")
    entries = [("oci", 0o040700, b"")]
    entries += [(f"oci/{name}", 0o100600, files[name]) for name in sorted(files)]
    return newc(entries)
