"""From the table of processes to the units of systemd that the Debian package ships."""

from __future__ import annotations

from collections.abc import Iterator

from oci.processes import CONFIG, DNSMASQ, INIT, PROCESSES, RUN, STATE, USER, Process, argv

MADE = "# Made by `make docs` from oci/processes.py; changes here are overwritten."
READ_WRITE = (STATE, RUN)
MANUAL = "file:///usr/share/doc/oci-appliance/README.md.gz"


def _description(process: Process) -> Iterator[str]:
    """The section [Unit]: when it is started, and after what."""
    online = ("network-online.target",) if process is not INIT else ()
    first = (f"oci-{INIT.name}.service",) if process.needs == CONFIG and process is not INIT else ()
    yield "[Unit]"
    yield f"Description=OCI: {process.title}"
    if process is INIT:
        yield f"Documentation={MANUAL}"
    if first:
        yield f"Requires={' '.join(first)}"
    if online:
        yield f"After={' '.join((*first, *online))}"
        yield f"Wants={' '.join((*online, *process.wants))}"
    yield f"ConditionPathExists={process.needs.replace('{run}', RUN)}"


def _who(process: Process) -> Iterator[str]:
    """As whom it runs."""
    yield f"User={USER}"
    if process.group:
        yield "# The group may use the socket; everything else of the service is closed to it."
        yield f"Group={process.group}"
        yield f"SupplementaryGroups={USER}"
    if process.capabilities:
        yield f"AmbientCapabilities={' '.join(process.capabilities)}"
        yield f"CapabilityBoundingSet={' '.join(process.capabilities)}"
    else:
        yield "UMask=0077"


def _life(process: Process) -> Iterator[str]:
    """How it is started, ended, and started again."""
    yield f"ExecStart={' '.join(argv(process))}"
    if process.as_root:
        yield "# As root: it writes files of other packages, such as those below /etc/nginx."
        yield from (f"ExecStart=+{' '.join(words)}" for words in process.as_root)
    if process.socket:
        yield "ExecReload=/bin/kill -HUP $MAINPID"
    if process.patience:
        yield f"# What is killed is found again by the tick.\nTimeoutStopSec={process.patience}"
    if process.restart:
        yield f"Restart={process.restart}"
    if process.pause:
        yield f"RestartSec={process.pause}"


def service(process: Process) -> str:
    """The text of oci-NAME.service."""
    kind = ["Type=oneshot", "RemainAfterExit=yes"] if not process.restart else ["Type=notify"] if process.socket else []
    service = ["[Service]", *kind, *_who(process), *_life(process), *process.hardening]
    service.append(f"ReadWritePaths={' '.join(READ_WRITE)}")
    # What needs a file that another process makes is started by that file's own unit.
    install = ["", "[Install]", "WantedBy=multi-user.target"] if process.needs == CONFIG else []
    return "\n".join([MADE, *_description(process), "", *service, *install]) + "\n"


def path(process: Process) -> str:
    """The text of oci-NAME.path, which starts the process once the file that it needs is there."""
    lines = (
        MADE,
        "[Unit]",
        f"Description=OCI: start {process.title} once its configuration is written",
        "",
        "[Path]",
        f"PathExists={process.needs.replace('{run}', RUN)}",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    )
    return "\n".join(lines) + "\n"


def units() -> dict[str, str]:
    """All units: file name -> text."""
    return {
        **{f"oci-{process.name}.service": service(process) for process in PROCESSES},
        f"oci-{DNSMASQ.name}.path": path(DNSMASQ),
    }
