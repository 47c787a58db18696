"""Every setting: one table that feeds the loader, the documentation and `oci-admin settings`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml


class BadSetting(ValueError):
    """A configuration that cannot be used; the text says which setting, why and what instead."""


@dataclass(frozen=True)
class Setting:
    """One setting. Its type is that of `default`."""

    name: str
    default: Any
    help: str


def _setting(default: Any, help: str) -> Any:
    """A field of Config with its help text."""
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata={"help": help})
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Config:
    """The settings in force. Each field is one setting; its type is that of its default."""

    state_dir: str = _setting("/var/lib/oci", "directory of the database, keys and certificates")
    run_dir: str = _setting("/run/oci", "directory of sockets and other things that need not survive a reboot")
    images_dir: str = _setting("/var/lib/oci/images", "directory of the live image and the root image")
    roles_dir: str = _setting("/etc/oci/roles.d", "directory of the operators' own roles, one YAML file each")
    database_url: str = _setting("", "postgresql://USER@HOST/NAME or sqlite:////PATH; empty: SQLite in state_dir")
    tftp_dir: str = _setting("/srv/tftp", "directory of the TFTP server, which gets the boot loaders")
    server_address: str = _setting("10.0.0.1", "the appliance's address on the provisioning network")
    http_url: str = _setting("", "URL of the plain HTTP listener for machines; empty: http://server_address")
    https_url: str = _setting("", "URL of the HTTPS listener for machines; empty: https://server_address")
    operators_address: str = _setting("", "address at which operators reach pages and REST; empty: every other address")
    operators_names: list[str] = _setting([], "DNS names of the dashboard, for its certificate, beside this host's own name")
    dhcp_interface: str = _setting("eth0", "interface that serves DHCP")
    dhcp_mode: str = _setting("dhcp", "dhcp: this appliance gives out addresses; proxy: beside another DHCP server")
    dhcp_first: str = _setting("10.0.0.100", "first address of the DHCP range for machines that are not installed")
    dhcp_last: str = _setting("10.0.0.199", "last address of that range")
    dhcp_netmask: str = _setting("255.255.255.0", "netmask of the provisioning network")
    dhcp_gateway: str = _setting("", "default gateway given by DHCP; empty: none")
    dhcp_ra_prefix: str = _setting("", "IPv6 prefix to advertise so that iPXE does not wait for IPv6; empty: none")
    dhcp_config: str = _setting("", "path of dnsmasq's configuration; empty: dnsmasq.conf in run_dir; 'off': no DHCP")
    kernel_args: str = _setting("console=tty0 console=ttyS0,115200 quiet", "kernel arguments of live and installed systems")
    ntp_servers: list[str] = _setting([], "time servers for machines; empty: server_address")
    dns_serve: bool = _setting(True, "answer DNS for machines of all clusters; off where port 53 of this host is another's")
    dns_servers: list[str] = _setting([], "DNS servers for machines")
    ssh_authorized_keys: list[str] = _setting([], "public SSH keys that may sign in as root on machines")
    root_password_hash: str = _setting("", "crypt(5) hash of root's password on installed machines; empty: locked")
    ca_certificates: dict[str, str] = _setting(
        {}, "further CA certificates for installed machines: name -> path of a PEM file"
    )
    apt_uri: str = _setting("", "Debian mirror of installed machines; empty: the appliance's own, http_url/debian")
    apt_upstream: str = _setting(
        "", "mirror behind http_url/debian; empty: the one that this host's own apt uses; 'off': none"
    )
    apt_security_upstream: str = _setting("", "the same behind http_url/debian-security")
    apt_suite: str = _setting("trixie", "Debian suite of installed machines")
    apt_components: str = _setting("main", "Debian components of installed machines")
    region: str = _setting("RegionOne", "region of a cluster's services in its catalogue")
    virt_type: str = _setting("kvm", "how servers are run on computes: kvm, or qemu where there is no /dev/kvm")
    datapath_type: str = _setting("system", "what forwards packets: system (the kernel), or netdev (Open vSwitch itself)")
    external_interface: str = _setting("", "interface that leads outside of a cloud, as a port of br-ex; empty: none")
    flavors: list[str] = _setting(
        ["m1.tiny:1:512:1", "m1.small:1:2048:20", "m1.medium:2:4096:40", "m1.large:4:8192:80", "m1.xlarge:8:16384:160"],
        "flavors of a cloud, each NAME:VCPUS:MIB:GIB: virtual CPUs, MiB of memory, GiB of disk",
    )
    log_level: str = _setting("info", "how much the services of OpenStack log: info or debug")
    api_workers: int = _setting(0, "processes of each service of OpenStack on a machine; 0: as its memory and cores are")
    puppet_server: str = _setting("puppet", "fully qualified name of the Puppet server")
    puppet_address: str = _setting("", "address of the Puppet server; empty: server_address")
    puppet_ca_url: str = _setting("", "URL of the Puppet CA; empty: https://puppet_server:8140")
    puppet_ssl_dir: str = _setting("/var/lib/puppet/ssl", "directory with the certificate that may use the Puppet CA's API")
    puppet_modules_dir: str = _setting(
        "/usr/share/puppet/modules", "directory of Debian's Puppet modules, whose plugins a role's root image brings along"
    )
    heartbeat_seconds: int = _setting(5, "how often a machine in the live image says that it is there")
    pulse_seconds: int = _setting(30, "how often it is written down that a waiting machine is still there")
    poll_seconds: int = _setting(60, "how often an installed machine asks whether it shall run Puppet")
    poll_busy_seconds: int = _setting(15, "the same while an order stands for it, or its cluster is being deployed")
    deploy_gate_seconds: int = _setting(3600, "how long a wave of a deployment may go on without progress")
    deploy_at_once: int = _setting(0, "machines in a wave of a deployment at most; 0: any number")
    deploy_place_at_once: int = _setting(
        0, "machines in service behind one switch that a wave of a deployment changes at most; 0: any number"
    )
    drift_hours: int = _setting(24, "hours between two dry runs of Puppet on a machine that look for drift; 0: none")
    tick_seconds: int = _setting(5, "how often the appliance compares what is with what should be")
    silence_seconds: int = _setting(90, "how long a busy machine may be silent before its work is tried again")
    takeover_seconds: int = _setting(20, "silence after which a later boot of a machine speaks for it")
    bmc_settle_seconds: int = _setting(
        150, "how long a management controller may take to show a power state that it was told"
    )
    firstboot_silence_seconds: int = _setting(420, "how long a machine that works from its own disk may say nothing at all")
    first_sign_seconds: int = _setting(1200, "how long a machine that starts anew may take to its first sign of life")
    attempts: int = _setting(3, "how often an install or wipe is tried before it is called failed")
    install_seconds: int = _setting(3600, "how long an install or a wipe may go on without progress")
    configure_seconds: int = _setting(7200, "how long first boot and first Puppet run may go on without progress")
    longest_seconds: int = _setting(
        86400, "how long an install or first boot may take in all; a wipe has more, by its bytes"
    )
    installs_at_once: int = _setting(50, "installs that may stream at once; the others wait in order of asking; 0: no limit")
    installs_per_place: int = _setting(24, "the same behind one switch, as LLDP tells it; 0: no limit")
    installs_per_server: int = _setting(50, "the same from one image server; 0: no limit")
    reports_kept: int = _setting(5, "raw reports kept for each machine")
    runs_kept: int = _setting(20, "Puppet runs kept for each machine")
    checks_kept: int = _setting(20, "checks of a cloud kept for each cluster")
    check_image: str = _setting(
        "", "disk image (qcow2 or raw) that checks of a cloud boot; empty: the kernel of the live image, which tells more"
    )
    report_bytes: int = _setting(8388608, "largest report that is read")
    signin_attempts: int = _setting(5, "failed sign-ins for each name or address within a minute before a pause")
    session_hours: int = _setting(12, "how long a browser stays signed in")
    secure_cookies: bool = _setting(True, "browser cookies only over HTTPS")

    def values(self) -> dict[str, Any]:
        """All of them by name."""
        return {known.name: getattr(self, known.name) for known in fields(self)}

    def path(self, name: str, *more: str) -> Path:
        """The setting `name` as a path, with further parts."""
        return Path(getattr(self, name), *more)


def _default(known: Field[Any]) -> Any:
    return known.default_factory() if known.default_factory is not MISSING else known.default


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(known.name, _default(known), known.metadata["help"]) for known in fields(Config)
)


def _all_text(value: Any) -> bool:
    """Whether what a list or a mapping holds is text: unquoted, YAML makes a date of 2025-1-5 and a number of 10."""
    held = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return all(isinstance(one, str) for one in held)


def _typed(setting: Setting, value: Any) -> Any:
    wanted = type(setting.default)
    if wanted is list and isinstance(value, str):
        value = value.split()
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)) or not _all_text(value):
        raise BadSetting(
            f"setting {setting.name} is {value!r}; it must be {wanted.__name__}, such as {setting.default!r}"
            + (", of text in quotes" if wanted in (list, dict) else "")
        )
    return value


def _derived(values: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from other settings where nothing is said."""
    return {
        "database_url": f"sqlite:///{values['state_dir']}/oci.sqlite",
        "http_url": f"http://{values['server_address']}",
        "https_url": f"https://{values['server_address']}",
        "puppet_address": values["server_address"],
        "puppet_ca_url": f"https://{values['puppet_server']}:8140",
        "dhcp_config": f"{values['run_dir']}/dnsmasq.conf",
        "ntp_servers": [values["server_address"]],
    }


def _mirror(values: Mapping[str, Any]) -> str:
    return f"{values['http_url']}/debian"


def is_default(config: Config, name: str) -> bool:
    """Whether the setting `name` has the value that it has where the configuration says nothing of it."""
    values, known = config.values(), next(setting for setting in SETTINGS if setting.name == name)
    derived = {**_derived(values), "apt_uri": _mirror(values)}
    return bool(values[name] == (known.default or derived.get(name, known.default)))


def configure(values: dict[str, Any]) -> Config:
    """A Config from `values`, with defaults filled in. Raises BadSetting."""
    known = {setting.name: setting for setting in SETTINGS}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise BadSetting(f"unknown setting {unknown[0]}; `oci-admin settings` lists those that exist")
    merged = {name: _typed(s, values.get(name, s.default)) for name, s in known.items()}
    for name, value in _derived(merged).items():
        merged[name] = merged[name] or value
    merged["apt_uri"] = merged["apt_uri"] or _mirror(merged)
    return Config(**merged)


def shipped(*parts: str) -> Path:
    """A part of this program that is no Python: where the package puts it, else where the checkout has it."""
    installed = Path("/usr/share/oci", *parts)
    return installed if installed.exists() else Path(__file__).resolve().parent.parent.joinpath(*parts)


def puppet_modules(config: Config) -> tuple[Path, ...]:
    """The folders of Puppet modules in the order in which the Puppet server looks into them; see puppet/environment.conf."""
    return (shipped("puppet", "site"), Path("/etc/oci/modules"), config.path("puppet_modules_dir"))


def load(path: str | None = None) -> Config:
    """The configuration of the file `path`, else of OCI_CONFIG, else /etc/oci/oci.yaml. Raises BadSetting."""
    file = Path(path or os.environ.get("OCI_CONFIG", "/etc/oci/oci.yaml"))
    try:
        data = yaml.safe_load(file.read_text()) or {}
    except FileNotFoundError:
        raise BadSetting(f"configuration {file} is missing; set OCI_CONFIG or write the file") from None
    except (OSError, yaml.YAMLError) as error:
        raise BadSetting(f"configuration {file} cannot be read: {error}") from None
    if not isinstance(data, dict):
        raise BadSetting(f"configuration {file} must hold 'name: value' lines")
    return configure(data)
