"""The files that an install puts into a new system, before Puppet has it. Pure: the same machine gives the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oci.domain.networks.networks import MOST_DNS
from oci.domain.promise.interfaces import Interface
from oci.domain.promise.layouts import Step
from oci.render.machine import disks, networkd

PUBLIC, PRIVATE = 0o644, 0o600


class BadFileValue(ValueError):
    """A value that would be more than one value in the file it goes into; the text says which."""


@dataclass(frozen=True)
class File:
    """One file of the new system: what is in it, and its mode. It belongs to root."""

    text: str
    mode: int = PUBLIC


@dataclass(frozen=True)
class Machine:
    """What is written into a new system about itself and its site.

    `addresses` are those by which it is known, without prefix length, `mark` is the UUID of the root file system. Of the
    rest, what is empty is left out.
    """

    hostname: str
    fqdn: str
    interfaces: tuple[Interface, ...]
    addresses: tuple[str, ...]
    mark: str
    puppet_server: str
    puppet_address: str = ""
    environment: str = "production"
    dns: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()
    ssh_keys: tuple[str, ...] = ()
    kernel_args: str = ""


def files(machine: Machine, steps: Sequence[Step]) -> dict[str, File]:
    """Every file of the new system by its path, without the slash it begins with. Raises BadFileValue."""
    _refuse_lines(machine)
    made = {
        "etc/fstab": File(disks.fstab(steps)),
        "etc/crypttab": File(disks.crypttab(steps)),
        "etc/hostname": File(f"{machine.hostname}\n"),
        "etc/hosts": File(_hosts(machine)),
        "etc/resolv.conf": File(_resolver(machine)),
        "etc/chrony/chrony.conf": File(_chrony(machine)),
        "etc/puppet/puppet.conf": File(_puppet(machine)),
        "etc/default/grub": File(_grub_settings(machine)),
        "boot/grub/grub.cfg": File(_grub_menu(machine, steps)),
        "root/.ssh/authorized_keys": File("".join(f"{key}\n" for key in machine.ssh_keys), PRIVATE),
        **{path.removeprefix("/"): File(text) for path, text in networkd.files(machine.interfaces).items()},
    }
    return {path: file for path, file in made.items() if file.text}


def named(machine: Machine) -> dict[str, File]:
    """The files by which a machine that has a system already knows who it is and whom it asks. Raises BadFileValue."""
    _refuse_lines(machine)
    return {
        "etc/hostname": File(f"{machine.hostname}\n"),
        "etc/hosts": File(_hosts(machine)),
        "etc/puppet/puppet.conf": File(_puppet(machine)),
    }


def _refuse_lines(machine: Machine) -> None:
    for name, value in vars(machine).items():
        if name == "interfaces":
            continue  # networkd.files looks at each of their values
        for text in (value,) if isinstance(value, str) else value:
            if not text.isprintable():
                raise BadFileValue(f"{name} holds {text[:60]!r}, which is not one plain line; correct that setting")


def _hosts(machine: Machine) -> str:
    text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
    text += "".join(f"{address} {machine.fqdn} {machine.hostname}\n" for address in machine.addresses)
    return text + (f"{machine.puppet_address} {machine.puppet_server}\n" if machine.puppet_address else "")


def _resolver(machine: Machine) -> str:
    _, dot, domain = machine.fqdn.partition(".")
    return (f"search {domain}\n" if dot else "") + "".join(f"nameserver {server}\n" for server in machine.dns[:MOST_DNS])


def _chrony(machine: Machine) -> str:
    return (
        "driftfile /var/lib/chrony/chrony.drift\nmakestep 1 3\nrtcsync\n"
        "confdir /etc/chrony/conf.d\nsourcedir /etc/chrony/sources.d\n"
    ) + "".join(f"server {server} iburst\n" for server in machine.ntp)


def _puppet(machine: Machine) -> str:
    # An elliptic key costs a fraction of the time of an RSA key, which matters on slow and on many machines. A run has no
    # limit of its own (oci-puppet ends one that stands still), and no old catalogue is taken for today's.
    return (
        f"[main]\nserver = {machine.puppet_server}\ncertname = {machine.fqdn}\nkey_type = ec\n\n"
        f"[agent]\nenvironment = {machine.environment}\nwaitforcert = 0\nusecacheonfailure = false\nruntimeout = 0\n"
        "http_read_timeout = 1h\n"
    )


def _grub_settings(machine: Machine) -> str:
    return (
        'GRUB_DEFAULT=0\nGRUB_TIMEOUT=1\nGRUB_DISTRIBUTOR=Debian\nGRUB_CMDLINE_LINUX_DEFAULT=""\n'
        f'GRUB_CMDLINE_LINUX="{machine.kernel_args}"\n'
    )


def _grub_menu(machine: Machine, steps: Sequence[Step]) -> str:
    # /vmlinuz and /initrd.img follow kernel upgrades; the first run of update-grub writes Debian's usual menu over this.
    modules = "".join(f"insmod {module}\n" for module in disks.grub_modules(steps))
    return (
        f"set timeout=0\n{modules}search --no-floppy --fs-uuid --set=root {machine.mark}\nmenuentry Debian {{\n"
        f"  linux /vmlinuz root=UUID={machine.mark} ro {machine.kernel_args}\n  initrd /initrd.img\n}}\n"
    )
