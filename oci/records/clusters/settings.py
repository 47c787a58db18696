"""What is set for clusters, roles and machines, and what is in force. Shared by use cases; holds none itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, or_, select, update

from oci.config import Config, is_default
from oci.context import Ctx
from oci.db.revision import columns
from oci.db.tables import Assignment, Cluster, Machine, Setting
from oci.domain.cluster import settings
from oci.domain.cluster.setting_types import Value
from oci.domain.cluster.settings import OF_PUPPET, SETTINGS, BadValue, InForce, Layer, Put, Sealed, Stored, resolve
from oci.domain.networks.claims import Claim, claim, host_of
from oci.ports import OutsideError

SILENCES = ("silence_seconds", "firstboot_silence_seconds", "first_sign_seconds")
"""How long a machine at work may say nothing, by what it does."""

# Settings whose value is the address of somebody: who that is, and how the addresses are read from the value.
_HOLDERS: dict[str, tuple[str, Callable[[Value], Iterable[str]]]] = {
    "dns_servers": ("a DNS server", lambda value: value if isinstance(value, tuple) else ()),
    "apt_uri": ("the Debian mirror", lambda value: (host_of(str(value)),)),
}


@dataclass(frozen=True)
class Scope:
    """Where a setting is set: a cluster, a role in it, or a machine; none of them is the appliance itself."""

    cluster: Cluster | None = None
    role: str = ""
    machine: Machine | None = None

    @property
    def kind(self) -> str:
        """Which of the scopes it is; empty for the appliance itself."""
        return "machine" if self.machine else "role" if self.role else "cluster" if self.cluster else ""

    @property
    def words(self) -> str:
        """Which it is, for people."""
        if self.machine:
            return f"machine {self.machine.name}"
        cluster = f"cluster {self.cluster.name}" if self.cluster else "this appliance"
        return f"role {self.role} of {cluster}" if self.role else cluster

    def rows(self) -> ColumnElement[bool]:
        """Which rows of Setting are of this scope."""
        if self.machine:
            return Setting.machine_id == self.machine.id
        return and_(Setting.cluster_id == (self.cluster.id if self.cluster else None), Setting.role == self.role)


def _typed(value: object) -> Value:
    return tuple(value) if isinstance(value, list) else value if isinstance(value, int) else str(value)


def _configured(config: Config) -> dict[str, Value]:
    return {name: _typed(getattr(config, name)) for name in SETTINGS}


def of_appliance(config: Config) -> list[Layer]:
    """The widest scopes: what holds where nothing is said, and what the configuration says."""
    values = _configured(config)
    plain = {name for name in SETTINGS if is_default(config, name)}
    return [
        Layer("default", {name: value for name, value in values.items() if name in plain}),
        Layer("configuration", {name: value for name, value in values.items() if name not in plain}),
    ]


def stored_value(name: str, text: str) -> Value | None:
    """The value of a row; None for what no version of this program can use, which `troubles` tells."""
    known = SETTINGS.get(name)
    if known is None:
        return None
    if known.secret:
        return Sealed(text)
    try:
        return settings.read(known, text)
    except BadValue:
        return None


def _layer(origin: str, rows: Iterable[tuple[str, str]]) -> Layer:
    values = {name: value for name, text in rows if (value := stored_value(name, text)) is not None}
    return Layer(origin, values)


def layers(ctx: Ctx, scope: Scope) -> list[Layer]:
    """The scopes around `scope` and itself, widest first: each is there, whether or not anything is set in it."""
    found = of_appliance(ctx.config)
    cluster, role = scope.cluster, scope.role
    if scope.machine:
        promise = ctx.db.get(Assignment, scope.machine.id)
        cluster, role = (ctx.db.get(Cluster, promise.cluster_id), promise.role) if promise else (None, "")
    around = [Scope(cluster)] if cluster else []
    around += [Scope(cluster, role)] if role else []
    around += [Scope(machine=scope.machine)] if scope.machine else []
    for one in around:
        found.append(_stored(ctx, one))
    return found


def _stored(ctx: Ctx, scope: Scope) -> Layer:
    """What is set in just that scope, and who set it."""
    query = select(Setting.name, Setting.value, Setting.by, Setting.at, Setting.revision).where(scope.rows())
    rows = ctx.db.execute(query).all()
    told = _layer(scope.words, [(row.name, row.value) for row in rows])
    return replace(told, puts={row.name: Put(row.by, row.at, row.revision) for row in rows})


def in_force(ctx: Ctx, machine: Machine) -> InForce:
    """The settings of a machine, by one statement."""
    query = (
        select(Setting.machine_id, Setting.role, Setting.name, Setting.value)
        .outerjoin(Assignment, Assignment.machine_id == machine.id)
        .where(
            or_(
                Setting.machine_id == machine.id,
                and_(Setting.cluster_id == Assignment.cluster_id, or_(Setting.role == "", Setting.role == Assignment.role)),
            )
        )
    )
    scopes: dict[str, list[tuple[str, str]]] = {"cluster": [], "role": [], "machine": []}
    for owner, role, name, text in ctx.db.execute(query):
        scopes["machine" if owner is not None else "role" if role else "cluster"].append((name, text))
    ours = [_layer(scope, rows) for scope, rows in scopes.items()]
    # Whether the configuration or its default says it is for people; this is asked all the time.
    around = Layer("configuration", _configured(ctx.config))
    return InForce(resolve([around, *ours]), frozenset(name for layer in ours for name in layer.values))


def secret(ctx: Ctx, known: InForce, name: str) -> str:
    """The clear text of a secret, for what is given to the machine alone. Raises OutsideError when its key is lost."""
    value = known.text(name)
    return ctx.outside.sealer.open(value) if isinstance(value, Sealed) else value


def resolvers(known: InForce, of_network: str) -> str:
    """The DNS servers, separated by blanks: those that are set, else those of the network; empty when neither names any."""
    return " ".join(known.words("dns_servers")) if "dns_servers" in known.ours else of_network


def shortest(ctx: Ctx) -> dict[str, int]:
    """The least silence that any machine is allowed, by setting, from one statement: whoever asks for less finds all."""
    least = {name: int(getattr(ctx.config, name)) for name in SILENCES}
    query = select(Setting.name, Setting.value).where(Setting.name.in_(SILENCES)).distinct()
    for name, text in ctx.db.execute(query):
        value = stored_value(name, text)
        if isinstance(value, int):
            least[name] = min(least[name], value)
    return least


def of_members(ctx: Ctx, cluster_id: int) -> Stored:
    """What a classification shows, of one cluster, its roles and its members."""
    members = select(Assignment.machine_id).where(Assignment.cluster_id == cluster_id)
    query = select(*columns(Setting)).where(
        Setting.name.in_(OF_PUPPET), or_(Setting.cluster_id == cluster_id, Setting.machine_id.in_(members))
    )
    whole: dict[str, Value] = {}
    roles: dict[str, dict[str, Value]] = {}
    machines: dict[int, dict[str, Value]] = {}
    for _cluster, role, machine_id, name, text in ctx.db.execute(query):
        value = stored_value(name, text)
        if value is not None:
            target = machines.setdefault(machine_id, {}) if machine_id else roles.setdefault(role, {}) if role else whole
            target[name] = value
    return Stored(whole, roles, machines)


def row_of(ctx: Ctx, scope: Scope, name: str) -> Setting | None:
    """The row of the setting `name` in just that scope."""
    return ctx.db.scalar(select(Setting).where(Setting.name == name, scope.rows()))


def put(ctx: Ctx, scope: Scope, name: str, value: Value, revision: int = 0) -> bool:
    """Set it, by a revision of the cluster or (0) a verb of its own; False when it was set to just that before. A secret is
    sealed."""
    known, row = SETTINGS[name], row_of(ctx, scope, name)
    text = settings.text_of(known, value)
    if row is not None and (_opened(ctx, row.value) if known.secret else row.value) == text:
        return False
    if row is None:
        row = Setting(
            name=name,
            cluster_id=scope.cluster.id if scope.cluster and not scope.machine else None,
            role=scope.role,
            machine_id=scope.machine.id if scope.machine else None,
        )
        ctx.db.add(row)
    row.value = ctx.outside.sealer.seal(text) if known.secret else text
    row.by, row.at, row.revision = ctx.actor.name, ctx.now(), revision
    ctx.db.flush()
    return True


def _opened(ctx: Ctx, text: str) -> str | None:
    try:
        return ctx.outside.sealer.open(text)
    except OutsideError:
        return None  # with a key that is lost it can only be set anew


def forget(ctx: Ctx, machine: Machine) -> list[str]:
    """Drop all that is set for the machine itself; the names of it."""
    rows = ctx.db.scalars(select(Setting).where(Setting.machine_id == machine.id).order_by(Setting.name)).all()
    for row in rows:
        ctx.db.delete(row)
    return [row.name for row in rows]


def leave(ctx: Ctx, machine_id: int) -> None:
    """The machine leaves its cluster: what is set for itself stays, and the numbers of that cluster's revisions mean nothing
    any more."""
    ctx.db.execute(update(Setting).where(Setting.machine_id == machine_id, Setting.revision != 0).values(revision=0))


def take_over(ctx: Ctx, machine: Machine, other: Machine) -> None:
    """Give the machine what is set for `other`, which is the same one; what it has itself stays."""
    own = set(ctx.db.scalars(select(Setting.name).where(Setting.machine_id == machine.id)))
    for row in ctx.db.scalars(select(Setting).where(Setting.machine_id == other.id)):
        if row.name not in own:
            row.machine_id, row.revision = machine.id, 0  # a number of the other's cluster
    ctx.db.flush()


def narrower(ctx: Ctx, scope: Scope) -> dict[str, list[str]]:
    """Inside of a cluster or role: by setting, the roles and machines that have a value of their own."""
    if scope.machine or not scope.cluster:
        return {}
    members = select(Assignment.machine_id).where(Assignment.cluster_id == scope.cluster.id)
    inside: ColumnElement[bool]
    if scope.role:
        inside = Setting.machine_id.in_(members.where(Assignment.role == scope.role))
    else:
        inside = or_(Setting.machine_id.in_(members), and_(Setting.cluster_id == scope.cluster.id, Setting.role != ""))
    query = (
        select(Setting.name, Setting.role, Machine.name)
        .outerjoin(Machine, Machine.id == Setting.machine_id)
        .where(inside)
        .order_by(Setting.name, Machine.name.is_not(None), Setting.role, Machine.name)
    )
    found: dict[str, list[str]] = {}
    for name, role, machine in ctx.db.execute(query):
        found.setdefault(name, []).append(f"machine {machine}" if machine else f"role {role}")
    return found


def _all(ctx: Ctx, names: Sequence[str] = ()) -> Iterable[tuple[str, str, str]]:
    """Owner in words, name and text of every row, or of those called so."""
    query = (
        select(Cluster.name, Setting.role, Machine.name, Setting.name, Setting.value)
        .outerjoin(Cluster, Cluster.id == Setting.cluster_id)
        .outerjoin(Machine, Machine.id == Setting.machine_id)
        .order_by(Setting.id)
    )
    for cluster, role, machine, name, text in ctx.db.execute(query.where(Setting.name.in_(names)) if names else query):
        words = f"machine {machine}" if machine else f"role {role} of cluster {cluster}" if role else f"cluster {cluster}"
        yield words, name, text


def addresses(name: str, value: Value) -> Iterable[str]:
    """The addresses of servers that a value names; none for a setting that names no server."""
    return _HOLDERS[name][1](value) if name in _HOLDERS else ()


def claims(ctx: Ctx) -> list[Claim]:
    """Addresses that are somebody's because a setting says so. OCI leaves them out where it gives addresses."""
    return [
        one
        for words, name, text in _all(ctx, tuple(_HOLDERS))
        if (value := stored_value(name, text)) is not None
        for address in addresses(name, value)
        for one in claim(address, f"the address of {_HOLDERS[name][0]} of {words} (setting {name})", lent=True)
    ]


def troubles(ctx: Ctx) -> list[str]:
    """What is stored and cannot be used, one sentence each: another version wrote it, or a person did past this program."""
    return [
        f"the setting {name[:63]} of {words} cannot be used as it is stored, so a wider one holds; set it anew, or unset it"
        for words, name, text in _all(ctx)
        if stored_value(name, text) is None
    ]
