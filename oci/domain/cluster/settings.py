"""Settings of clusters, roles and machines: what can be set there, of which type, and which value is in force.

The widest scope is the appliance's configuration, where each of these has its default under the same name. A cluster, a role
in a cluster and a machine are narrower, in this order, and the narrowest that says something wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from oci.domain.cluster.setting_types import TYPES, Value, parts_of

SCOPES = ("cluster", "role", "machine")
"""Where a value can be set, widest first; a role is one of a cluster, a machine is itself in whichever cluster it is."""

LONGEST = 16384
"""Characters of the text of one value."""

CONCEALED = "***"
"""What is shown of a secret that is set."""

EFFECTS = {
    "puppet": "with the next deployment of its cluster",
    "install": "at the next install",
    "boot": "at the next boot of the live image",
    "clock": "at once, also for what is at work",
}
"""When a change takes effect, by what uses the setting."""


class Sealed(str):
    """A value: the text of a secret as it is stored: whoever holds the key opens it, nobody else can read it."""

    __slots__ = ()


class BadValue(ValueError):
    """A value that cannot be used; the text says which setting, why, and what instead. It repeats no value of a secret."""


@dataclass(frozen=True)
class Setting:
    """One setting: its type, what it means, what uses it (of EFFECTS), and where it may be set.

    `least` and `most` bound a number. `secret`: its value goes in and never out.
    """

    name: str
    type: str
    meaning: str
    effects: tuple[str, ...]
    least: int = 0
    most: int = 0
    secret: bool = False
    scopes: tuple[str, ...] = SCOPES

    @property
    def when(self) -> str:
        """When a change takes effect, in words."""
        return " and ".join(EFFECTS[effect] for effect in self.effects)


DAY = 86400
SETTINGS = {
    known.name: known
    for known in (
        Setting("ntp_servers", "hosts", "time servers of installed machines", ("install", "puppet")),
        Setting(
            "dns_servers", "addresses", "DNS servers of installed machines, before those of their networks", ("install",)
        ),
        Setting(
            "ssh_authorized_keys",
            "keys",
            "public SSH keys that may sign in as root on installed machines; the live image has those of the configuration",
            ("install", "puppet"),
        ),
        Setting("root_password_hash", "hash", "hash of root's password on installed machines", ("install",), secret=True),
        Setting("kernel_args", "arguments", "kernel arguments of live and installed system", ("boot", "install")),
        Setting("apt_uri", "URL", "Debian mirror of installed machines", ("puppet",)),
        Setting("apt_suite", "suites", "Debian suites of installed machines", ("puppet",)),
        Setting("apt_components", "components", "Debian components of installed machines", ("puppet",)),
        Setting("attempts", "number", "how often an install or wipe is tried before it is called failed", ("clock",), 1, 20),
        Setting(
            "install_seconds", "seconds", "how long an install or a wipe may go on without progress", ("clock",), 60, 7 * DAY
        ),
        Setting(
            "configure_seconds",
            "seconds",
            "how long first boot and first Puppet run may go on without progress",
            ("clock",),
            60,
            7 * DAY,
        ),
        Setting(
            "longest_seconds",
            "seconds",
            "how long an install or first boot may take in all; a wipe has more, by its bytes",
            ("clock",),
            600,
            30 * DAY,
        ),
        Setting(
            "silence_seconds",
            "seconds",
            "how long a busy machine may be silent before its work is tried again",
            ("clock",),
            30,
            DAY,
        ),
        Setting(
            "firstboot_silence_seconds",
            "seconds",
            "how long a machine that works from its own disk may say nothing at all",
            ("clock",),
            60,
            DAY,
        ),
        Setting(
            "first_sign_seconds",
            "seconds",
            "how long a machine that starts anew may take to its first sign of life",
            ("clock",),
            600,
            DAY,
        ),
        Setting(
            "drift_hours",
            "number",
            "hours between two dry runs of Puppet that look for drift; 0: none",
            ("clock",),
            0,
            720,
        ),
        Setting(
            "region",
            "region",
            "region of the cluster's services in its own catalogue; one that was deployed keeps its old one beside it",
            ("puppet",),
            scopes=("cluster",),
        ),
        Setting("virt_type", "hypervisor", "how servers are run on computes", ("puppet",)),
        Setting("datapath_type", "datapath", "what forwards packets on machines with Open vSwitch", ("puppet",)),
        Setting(
            "external_interface",
            "interface",
            "interface of machines with Open vSwitch that leads outside of the cloud, as a port of br-ex; empty: none",
            ("puppet",),
        ),
        Setting(
            "flavors",
            "flavors",
            "flavors of the cloud; one that is there stays as it is, and one that is no longer declared stays",
            ("puppet",),
            scopes=("cluster",),
        ),
        Setting("log_level", "verbosity", "how much the services of OpenStack log", ("puppet",)),
        Setting(
            "api_workers",
            "number",
            "processes of each service of OpenStack on a machine; 0: as its memory and cores are",
            ("puppet",),
            0,
            64,
        ),
    )
}
"""Every setting by name. Each has a namesake in the configuration, which is its value where nothing is set."""

OF_PUPPET = tuple(name for name, known in SETTINGS.items() if "puppet" in known.effects)
"""Those that a classification shows."""


def bounds(setting: Setting) -> str:
    """What a number must be between, in words; empty where there is no bound."""
    return f"from {setting.least} to {setting.most}" if setting.most else ""


def read(setting: Setting, text: str) -> Value:
    """The typed value of `text` as a person or the database writes it. Raises BadValue."""
    known, text = TYPES[setting.type], text.strip()
    try:
        if len(text) > LONGEST:
            raise ValueError(f"it is longer than {LONGEST} characters")
        if not all(line.isprintable() for line in text.splitlines()):
            raise ValueError("it holds a character that is not printed")
        value = known.read(parts_of(known, text))
    except ValueError as wrong:
        raise BadValue(f"{setting.name} cannot be set to that: {wrong}. It must be {known.look}") from None
    if setting.most and isinstance(value, int) and not setting.least <= value <= setting.most:
        raise BadValue(f"{setting.name} cannot be {value}: it must be {known.look}, {bounds(setting)}")
    return value


def others(setting: Setting, value: Value) -> tuple[Value, ...]:
    """Values that `setting` could have instead of `value`, at least one: to see what hangs on it."""
    made = [read(setting, text) for text in TYPES[setting.type].examples]
    return tuple(one for one in made if one != value)


def text_of(setting: Setting, value: Value) -> str:
    """The one text of a value, as it is stored; `read` makes the value of it again."""
    return TYPES[setting.type].between.join(value) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True)
class Put:
    """Who set a value, when (seconds since the epoch), and by which revision of the cluster; 0: by a verb of its own."""

    by: str
    at: float
    revision: int = 0


@dataclass(frozen=True)
class Layer:
    """What one scope says: its name in words, like "role compute", and values by setting; and who set those that are
    stored."""

    origin: str
    values: Mapping[str, Value]
    puts: Mapping[str, Put] = field(default_factory=dict)


@dataclass(frozen=True)
class Resolved:
    """A value in force, the scope that says it, in words, and who set it there, where that is stored."""

    value: Value
    origin: str
    put: Put | None = None


def resolve(layers: Sequence[Layer]) -> dict[str, Resolved]:
    """What is in force by setting, where `layers` are the scopes from the widest to the narrowest: the last one wins."""
    return {
        name: Resolved(value, layer.origin, layer.puts.get(name)) for layer in layers for name, value in layer.values.items()
    }


@dataclass(frozen=True)
class InForce:
    """The settings in force for one machine. Raises KeyError for what is no setting, TypeError for another type."""

    resolved: Mapping[str, Resolved]
    ours: frozenset[str] = frozenset()
    """Those that a cluster, role or machine says, and not the configuration."""

    def number(self, name: str) -> int:
        """The value of a setting that is a number."""
        return cast(int, self._of(name, int))

    def words(self, name: str) -> tuple[str, ...]:
        """The parts of a setting that has several."""
        return cast("tuple[str, ...]", self._of(name, tuple))

    def text(self, name: str) -> str:
        """The value of a setting that is a text; of a secret as it is stored."""
        return cast(str, self._of(name, str))

    def _of(self, name: str, kind: type) -> Value:
        value = self.resolved[name].value
        if not isinstance(value, kind):
            raise TypeError(f"the setting {name} is of type {SETTINGS[name].type}")
        return value


@dataclass(frozen=True)
class Stored:
    """What is set for a cluster, for its roles and for machines in it, by setting."""

    cluster: Mapping[str, Value] = field(default_factory=dict)
    roles: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    machines: Mapping[int, Mapping[str, Value]] = field(default_factory=dict)

    def values(self, role: str, machine_id: int) -> dict[str, Value]:
        """What is set for one member, narrower over wider: as `resolve` decides it, without origins."""
        return {**self.cluster, **self.roles.get(role, {}), **self.machines.get(machine_id, {})}
