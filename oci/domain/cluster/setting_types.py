"""How the values of settings are written: one type for each alphabet, with the text that stands for a value.

A text is what a person writes and what is stored. Reading refuses in words, and repeats nothing that may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oci.domain.cluster import flavors
from oci.domain.networks.claims import BadAddress, canonical_host, parse
from oci.domain.words import DNS_NAME_ANY_CASE, KERNEL_ARGUMENT, KERNEL_RESERVED, URL

Value = str | int | tuple[str, ...]
"""A typed value; a `Sealed` is a text."""


@dataclass(frozen=True)
class Type:
    """How a value is written. `look` says it to people; `between` stands between the parts of one that has several.

    `read` makes the value of the parts, or of the whole text, and raises ValueError with the reason. `examples` are texts of
    different values: what a value could be instead.
    """

    name: str
    look: str
    read: Callable[[Sequence[str]], Value]
    examples: tuple[str, ...]
    between: str = ""
    commas: bool = False  # what may stand between parts beside blanks


_DNS_NAME, _KERNEL_ARGUMENT, _URL = map(re.compile, (DNS_NAME_ANY_CASE, KERNEL_ARGUMENT, URL))
# As profile::base takes them.
_SUITE, _COMPONENT = re.compile(r"[a-z0-9][a-z0-9./-]*"), re.compile(r"[a-z0-9][a-z0-9.-]*")
# As Linux takes it, and what is written into a shell's words: at most 15 characters.
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
# Stands in the catalogue of services and in configuration files; Keystone itself takes any 255 characters.
_REGION = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
# One line of authorized_keys (sshd(8)): options, type, base64, comment.
_KEY = re.compile(r"(?:\S.* )?(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]{16,}={0,3}(?: .*)?")
# crypt(5): yescrypt, gost-yescrypt, scrypt, bcrypt, SHA-512, SHA-256. A colon would end the field of shadow(5).
_HASH = re.compile(r"\$(?:y|gy|7|2[aby]|6|5)\$[!-9;-~]{20,300}")


def _some(parts: Sequence[str]) -> None:
    if not parts:
        raise ValueError("it is empty")


def _each(parts: Sequence[str], good: Callable[[str], object]) -> tuple[str, ...]:
    wrong = next((part for part in parts if not good(part)), None)
    if wrong is not None:
        raise ValueError(f"{wrong[:80]!r} is not like that")
    return tuple(dict.fromkeys(parts))


def _address(word: str) -> str:
    address = parse(word)
    if address is None:
        raise ValueError(f"{word[:80]!r} is no address")
    return canonical_host(word)


def _host(word: str) -> str:
    try:
        host = canonical_host(word)
    except BadAddress as bad:
        raise ValueError(str(bad)) from None
    if parse(host) is None and not _DNS_NAME.fullmatch(host):
        raise ValueError(f"{word[:80]!r} is neither an address nor a host name")
    return host


def _addresses(parts: Sequence[str]) -> Value:
    _some(parts)
    return tuple(dict.fromkeys(map(_address, parts)))


def _hosts(parts: Sequence[str]) -> Value:
    _some(parts)
    return tuple(dict.fromkeys(map(_host, parts)))


def _keys(parts: Sequence[str]) -> Value:
    # Never repeated: what is pasted here by mistake may be a private key.
    for number, line in enumerate(parts, start=1):
        if not _KEY.fullmatch(line):
            raise ValueError(f"line {number} is no public key")
    return tuple(dict.fromkeys(parts))


def _arguments(parts: Sequence[str]) -> Value:
    words = _each(parts, _KERNEL_ARGUMENT.fullmatch)
    reserved = next((word for word in words if word.startswith(KERNEL_RESERVED)), "")
    if reserved:
        raise ValueError(f"{reserved[:80]!r} belongs to OCI")
    return " ".join(parts)  # one may be there twice: console=tty0 console=ttyS0


def _url(parts: Sequence[str]) -> Value:
    if not _URL.fullmatch(parts[0]):
        raise ValueError("it is no URL that can be used")
    return parts[0]


def _suites(parts: Sequence[str]) -> Value:
    _some(parts)
    return " ".join(_each(parts, _SUITE.fullmatch))


def _components(parts: Sequence[str]) -> Value:
    _some(parts)
    return " ".join(_each(parts, _COMPONENT.fullmatch))


def _hash(parts: Sequence[str]) -> Value:
    if not _HASH.fullmatch(parts[0]):
        raise ValueError("it is no hash of crypt(5) that is strong enough")
    return parts[0]


def _region(parts: Sequence[str]) -> Value:
    if not _REGION.fullmatch(parts[0]):
        raise ValueError(f"{parts[0][:80]!r} is no such name")
    return parts[0]


def _interface(parts: Sequence[str]) -> Value:
    if parts[0] and not _INTERFACE.fullmatch(parts[0]):
        raise ValueError(f"{parts[0][:80]!r} is no name of an interface")
    return parts[0]


def _flavors(parts: Sequence[str]) -> Value:
    return tuple(each.word for each in flavors.flavors(parts))


def _one_of(*words: str) -> Callable[[Sequence[str]], Value]:
    def read(parts: Sequence[str]) -> Value:
        if parts[0] not in words:
            raise ValueError(f"{parts[0][:80]!r} is none of these")
        return parts[0]

    return read


def _number(parts: Sequence[str]) -> Value:
    if not re.fullmatch(r"[0-9]{1,9}", parts[0]):
        raise ValueError("it is no whole number")
    return int(parts[0])


_SOMEBODYS_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExhbXBsZQ olga@example"
# Addresses and names that are nobody's: RFC 5737, RFC 2606.
TYPES = {
    known.name: known
    for known in (
        Type(
            "addresses",
            "addresses like 10.0.0.1 or fd00::1, separated by blanks",
            _addresses,
            ("192.0.2.1", "192.0.2.2"),
            " ",
            commas=True,
        ),
        Type(
            "hosts",
            "addresses or host names, separated by blanks",
            _hosts,
            ("192.0.2.1", "time.example.net"),
            " ",
            commas=True,
        ),
        Type("keys", "public SSH keys, one in a line; empty: none", _keys, (_SOMEBODYS_KEY, ""), "\n"),
        Type(
            "arguments",
            "kernel arguments like console=ttyS1,115200, separated by blanks, without initrd= and oci.*; empty: none",
            _arguments,
            ("quiet", ""),
            " ",
        ),
        Type("URL", "a URL like http://mirror.example.net/debian", _url, ("http://192.0.2.1/debian", "http://192.0.2.2/")),
        Type("suites", "suites like trixie, separated by blanks", _suites, ("trixie", "sid"), " "),
        Type("components", "components like main, separated by blanks", _components, ("main", "contrib"), " "),
        Type(
            "hash",
            "a hash as `mkpasswd` or `openssl passwd -6` prints it",
            _hash,
            (f"$6$salt${'s' * 40}", f"$6$salt${'t' * 40}"),
        ),
        Type("region", "letters, digits, - and _, like RegionOne", _region, ("RegionOne", "RegionTwo")),
        Type("interface", "the name of an interface, like eth1; empty: none", _interface, ("eth1", "")),
        Type("hypervisor", "kvm, or qemu where there is no /dev/kvm", _one_of("kvm", "qemu"), ("kvm", "qemu")),
        Type(
            "datapath",
            "system (the kernel's), or netdev (without a kernel module)",
            _one_of("system", "netdev"),
            ("system", "netdev"),
        ),
        Type("flavors", flavors.LOOK, _flavors, ("m1.small:1:2048:20", ""), " ", commas=True),
        Type("verbosity", "info or debug", _one_of("info", "debug"), ("info", "debug")),
        Type("seconds", "a whole number of seconds", _number, ("600", "3600")),
        Type("number", "a whole number", _number, ("1", "2")),
    )
}


def parts_of(known: Type, text: str) -> Sequence[str]:
    """The parts of `text` as its type has them; the whole text where it has none."""
    if known.between == "\n":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if known.between:
        return (text.replace(",", " ") if known.commas else text).split()
    return [text]
