"""What is installed in the layers of which the lab's containers consist. Names of Debian 13, and nothing but names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """What lies over the layer `below` (nothing over the base itself): these packages and what they depend on."""

    packages: tuple[str, ...]
    below: str = "base"


# What the product's own root image has, without what starts a real machine; and what a person looks for in a container.
BASE = (
    *("systemd", "systemd-sysv", "dbus", "udev", "kmod", "openssh-server", "iproute2", "puppet-agent", "chrony", "curl"),
    *("ca-certificates", "less", "login", "passwd", "rsyslog", "cron", "netbase", "procps", "iputils-ping", "openssl"),
    *("hostname", "lsb-release", "ethtool", "pciutils", "dmidecode", "util-linux", "e2fsprogs", "jq", "tcpdump"),
)
# Database, queue, cache and the way in.
INFRA = (
    *("mariadb-server", "mariadb-backup", "galera-4", "python3-pymysql", "rsync", "socat", "rabbitmq-server"),
    *("memcached", "python3-pymemcache", "python3-memcache", "haproxy", "keepalived"),
)
# The APIs, what they hand their work to, and the clients.
CONTROL = (
    *("keystone", "glance", "placement-api", "nova-api", "nova-conductor", "nova-scheduler", "nova-consoleproxy"),
    *("novnc", "spice-html5", "neutron-api", "neutron-periodic-workers"),
    *("neutron-ovn-maintenance-worker", "ovn-central", "openvswitch-switch", "apache2", "libapache2-mod-wsgi-py3"),
    *("openstack-dashboard", "openstack-dashboard-apache", "uwsgi-core", "uwsgi-plugin-python3"),
    *("python3-openstackclient", "python3-keystoneauth1", "python3-openstacksdk"),
)
# Guests, their disks and their network.
COMPUTE = (
    *("nova-compute", "nova-compute-qemu", "libvirt-daemon-system", "libvirt-clients", "qemu-system-x86", "qemu-utils"),
    *("openvswitch-switch", "ovn-host", "neutron-ovn-metadata-agent", "haproxy", "python3-openstackclient"),
)
# A user of a cloud.
CLIENT = ("python3-openstackclient",)

LAYERS = {
    "base": Layer(BASE, below=""),
    "infra": Layer(INFRA),
    "control": Layer(CONTROL, below="infra"),
    "compute": Layer(COMPUTE),
    "client": Layer(CLIENT),
    # A cloud on one machine.
    "all": Layer(COMPUTE, below="control"),
}


def stack(name: str) -> tuple[str, ...]:
    """The names of a layer and of all below it, the lowest first. Raises KeyError for a layer that is not there."""
    below = LAYERS[name].below
    return (*(stack(below) if below else ()), name)
