"""Every setting: one table that feeds the loader, the documentation and `oci-admin settings`."""

from __future__ import annotations

import os
from dataclasses import dataclass
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


SETTINGS: tuple[Setting, ...] = (
    Setting("state_dir", "/var/lib/oci", "directory of the database, keys and certificates"),
    Setting("run_dir", "/run/oci", "directory of sockets and other things that need not survive a reboot"),
    Setting("images_dir", "/var/lib/oci/images", "directory of the live image and the root image"),
    Setting("database_url", "", "postgresql://USER@HOST/NAME or sqlite:////PATH; empty: SQLite in state_dir"),
    Setting("tftp_dir", "/srv/tftp", "directory of the TFTP server, which gets the boot loaders"),
    Setting("server_address", "10.0.0.1", "the appliance's address on the provisioning network"),
    Setting("http_url", "", "URL of the plain HTTP listener for machines; empty: http://server_address"),
    Setting("https_url", "", "URL of the HTTPS listener for machines; empty: https://server_address"),
    Setting("operators_address", "", "address at which operators reach pages and REST; empty: every other address"),
    Setting("operators_names", [], "DNS names of the dashboard, for its certificate, beside this host's own name"),
    Setting("dhcp_interface", "eth0", "interface that serves DHCP"),
    Setting("dhcp_mode", "dhcp", "dhcp: this appliance gives out addresses; proxy: beside another DHCP server"),
    Setting("dhcp_first", "10.0.0.100", "first address of the DHCP range for machines that are not installed"),
    Setting("dhcp_last", "10.0.0.199", "last address of that range"),
    Setting("dhcp_netmask", "255.255.255.0", "netmask of the provisioning network"),
    Setting("dhcp_gateway", "", "default gateway given by DHCP; empty: none"),
    Setting("dhcp_ra_prefix", "", "IPv6 prefix to advertise so that iPXE does not wait for IPv6; empty: none"),
    Setting("dhcp_config", "", "path of dnsmasq's configuration; empty: dnsmasq.conf in run_dir; 'off': no DHCP"),
    Setting("kernel_args", "console=tty0 console=ttyS0,115200 quiet", "kernel arguments of live and installed systems"),
    Setting("ntp_servers", [], "time servers for machines; empty: server_address"),
    Setting("dns_servers", [], "DNS servers for machines"),
    Setting("ssh_authorized_keys", [], "public SSH keys that may sign in as root on machines"),
    Setting("root_password_hash", "", "crypt(5) hash of root's password on installed machines; empty: locked"),
    Setting("ca_certificates", {}, "further CA certificates for installed machines: name -> path of a PEM file"),
    Setting("apt_uri", "", "Debian mirror of installed machines; empty: the appliance's own, http_url/debian"),
    Setting("apt_upstream", "", "mirror behind http_url/debian; empty: the one that this host's own apt uses; 'off': none"),
    Setting("apt_security_upstream", "", "the same behind http_url/debian-security"),
    Setting("apt_suite", "trixie", "Debian suite of installed machines"),
    Setting("apt_components", "main", "Debian components of installed machines"),
    Setting("puppet_server", "puppet", "fully qualified name of the Puppet server"),
    Setting("puppet_address", "", "address of the Puppet server; empty: server_address"),
    Setting("puppet_ca_url", "", "URL of the Puppet CA; empty: https://puppet_server:8140"),
    Setting("puppet_ssl_dir", "/var/lib/puppet/ssl", "directory with the certificate that may use the Puppet CA's API"),
    Setting("heartbeat_seconds", 5, "how often a machine in the live image says that it is there"),
    Setting("tick_seconds", 5, "how often the appliance compares what is with what should be"),
    Setting("silence_seconds", 90, "how long a busy machine may be silent before its work is tried again"),
    Setting("takeover_seconds", 20, "silence after which a later boot of a machine speaks for it"),
    Setting("bmc_settle_seconds", 150, "how long a management controller may take to show a power state that it was told"),
    Setting("firstboot_silence_seconds", 420, "how long a machine that works from its own disk may say nothing at all"),
    Setting("first_sign_seconds", 1200, "how long a machine that starts anew may take to its first sign of life"),
    Setting("attempts", 3, "how often an install or wipe is tried before it is called failed"),
    Setting("install_seconds", 3600, "how long an install or a wipe may go on without progress"),
    Setting("configure_seconds", 7200, "how long first boot and first Puppet run may go on without progress"),
    Setting("longest_seconds", 86400, "how long an install or first boot may take in all; a wipe has more, by its bytes"),
    Setting("reports_kept", 5, "raw reports kept for each machine"),
    Setting("report_bytes", 8388608, "largest report that is read"),
    Setting("signin_attempts", 5, "failed sign-ins for each name or address within a minute before a pause"),
    Setting("session_hours", 12, "how long a browser stays signed in"),
    Setting("secure_cookies", True, "browser cookies only over HTTPS"),
)


@dataclass(frozen=True)
class Config:
    """The settings in force; `config.name` is the value of the setting `name`."""

    values: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def path(self, name: str, *more: str) -> Path:
        """The setting `name` as a path, with further parts."""
        return Path(self.values[name], *more)


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


def configure(values: dict[str, Any]) -> Config:
    """A Config from `values`, with defaults filled in. Raises BadSetting."""
    known = {setting.name: setting for setting in SETTINGS}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise BadSetting(f"unknown setting {unknown[0]}; `oci-admin settings` lists those that exist")
    merged = {name: _typed(s, values.get(name, s.default)) for name, s in known.items()}
    derived = {
        "database_url": f"sqlite:///{merged['state_dir']}/oci.sqlite",
        "http_url": f"http://{merged['server_address']}",
        "https_url": f"https://{merged['server_address']}",
        "puppet_address": merged["server_address"],
        "puppet_ca_url": f"https://{merged['puppet_server']}:8140",
        "dhcp_config": f"{merged['run_dir']}/dnsmasq.conf",
        "ntp_servers": [merged["server_address"]],
    }
    for name, value in derived.items():
        merged[name] = merged[name] or value
    merged["apt_uri"] = merged["apt_uri"] or f"{merged['http_url']}/debian"
    return Config(merged)


def shipped(*parts: str) -> Path:
    """A part of this program that is no Python: where the package puts it, else where the checkout has it."""
    installed = Path("/usr/share/oci", *parts)
    return installed if installed.exists() else Path(__file__).resolve().parent.parent.joinpath(*parts)


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
