"""The processes of an appliance: what is started, as whom, and what each may do. The one place that says so.

The units of the Debian package are rendered from this table (`oci/render/appliance/units.py`); a lab starts what it says.
nginx, in.tftpd and chrony run by the units of their own packages; what they read is rendered by `oci/render/`.
"""

from __future__ import annotations

from dataclasses import dataclass

USER = "oci"
RUN, STATE, CONFIG = "/run/oci", "/var/lib/oci", "/etc/oci/oci.yaml"
PYTHON = "/usr/bin/python3"
DHCP_CONFIG = "dnsmasq.conf"

# Words of systemd.exec(5). What a process may write is said by READ_WRITE of oci/render/appliance/units.py.
CLOSED = (
    "NoNewPrivileges=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectControlGroups=yes",
)


@dataclass(frozen=True)
class Process:
    """One process, whose unit is oci-NAME.

    In `argv` stand `{run}` for the directory of sockets and `{python}` for the interpreter. `socket` is the name of
    the one that it listens on in `{run}`, and `group` the group that may use it. `needs` is the file without which
    it is not started. `restart` says when it is started again: always, on-failure, or empty for what runs once, and
    `pause` how many seconds later. `patience` are the seconds between TERM and KILL. `as_root` are commands that
    follow it. `capabilities` are those that it has; `hardening` are words of systemd.exec(5).
    """

    name: str
    title: str
    argv: tuple[str, ...]
    socket: str = ""
    group: str = ""
    needs: str = CONFIG
    restart: str = "on-failure"
    pause: int = 0
    patience: int = 0
    wants: tuple[str, ...] = ()
    as_root: tuple[tuple[str, ...], ...] = ()
    capabilities: tuple[str, ...] = ()
    hardening: tuple[str, ...] = CLOSED


def _web(name: str, title: str, group: str, workers: int) -> Process:
    """A gunicorn. Its workers' sign of life is a file in `{run}`, which is in memory: a slow disk kills no worker."""
    options = ("--umask", "0117", "--workers", f"{workers}", "--threads", "4", "--timeout", "120")
    argv = ("{python}", "-m", "gunicorn", "--bind", f"unix:{{run}}/{name}.sock", "--worker-tmp-dir", "{run}", *options)
    return Process(name, title, (*argv, f"oci.app:{name}()"), socket=f"{name}.sock", group=group)


OPERATORS = _web("operators", "pages and REST", "www-data", 2)
MACHINES = _web("machines", "boot answers, agents and installers", "www-data", 2)
PUPPET = _web("puppet", "classification and certificate policy", "puppet", 1)
_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
WORKER = Process(
    "worker",
    "background work and the tick",
    ("{python}", "-m", "celery", "-A", "oci.worker", "worker", "--beat", "--pool", "threads", "--concurrency", "4", *_QUIET),
    restart="always",
    pause=2,
    patience=30,
    wants=("oci-dnsmasq.path",),
)
_NETWORK = ("CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE")
# The worker ends it when its configuration has changed, so both are one user, and it is always started again.
DNSMASQ = Process(
    "dnsmasq",
    "DHCP for the provisioning network",
    ("/usr/sbin/dnsmasq", "-k", "-C", f"{{run}}/{DHCP_CONFIG}"),
    needs=f"{{run}}/{DHCP_CONFIG}",
    restart="always",
    pause=1,
    capabilities=_NETWORK,
    hardening=("ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes"),
)
INIT = Process(
    "init",
    "keys, certificates, database, and the files of other services",
    ("/usr/bin/oci-admin", "init"),
    restart="",
    as_root=(("/usr/bin/oci-admin", "site"),),
)
WEB = (OPERATORS, MACHINES, PUPPET)
PROCESSES = (INIT, *WEB, WORKER, DNSMASQ)


def argv(process: Process, run: str = RUN, python: str = PYTHON) -> list[str]:
    """The words that start `process`, with its sockets in the directory `run`."""
    return [word.replace("{run}", run).replace("{python}", python) for word in process.argv]
