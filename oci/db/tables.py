"""Tables, without behaviour. Times are seconds since the epoch (float, UTC)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from oci.domain.networks import addresses


class Table(DeclarativeBase):
    """The metadata that migrations and tests share."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}


class Cluster(Table):
    __tablename__ = "cluster"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(63), unique=True)
    domain: Mapped[str] = mapped_column(String(190))
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))
    created: Mapped[float]
    revision: Mapped[int] = mapped_column(default=1)  # grows with all that its snapshot reads; see oci.db.revision


class Network(Table):
    """One IP network of one family; see oci.domain.networks.networks. Without a cluster it is for all of them."""

    __tablename__ = "network"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(63), unique=True)
    purpose: Mapped[str] = mapped_column(String(32), index=True)
    # No foreign key: a cluster names the network that it is installed over, and SQLite cannot make a circle of two.
    cluster_id: Mapped[int | None] = mapped_column(index=True)
    cidr: Mapped[str] = mapped_column(String(64))
    vlan: Mapped[int] = mapped_column(default=0)  # 0: frames without a tag
    mtu: Mapped[int] = mapped_column(default=1500)
    gateway: Mapped[str] = mapped_column(String(64), default="")
    dns: Mapped[str] = mapped_column(String(255), default="")  # addresses, separated by blanks
    routes: Mapped[list[Any]] = mapped_column(default=list)  # [{to, via}]
    place: Mapped[str] = mapped_column(String(63), default="")
    serves: Mapped[str] = mapped_column(String(8), default="none")  # none|ranges|relay


class Range(Table):
    """A part of a network, and what its addresses are for: machines|live|vip|floating|reserved."""

    __tablename__ = "range"
    id: Mapped[int] = mapped_column(primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id", ondelete="CASCADE"), index=True)
    first: Mapped[str] = mapped_column(String(64))
    last: Mapped[str] = mapped_column(String(64))
    use: Mapped[str] = mapped_column(String(8), default="machines")
    note: Mapped[str] = mapped_column(String(200), default="")
    __table_args__ = (UniqueConstraint("network_id", "first"),)


class Machine(Table):
    __tablename__ = "machine"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    state_since: Mapped[float]
    deadline: Mapped[float | None] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(String(500), default="")
    convergence: Mapped[str] = mapped_column(String(8), default="never")  # ok|changed|failed|cached|stale|never
    converged_at: Mapped[float | None]
    uuid: Mapped[str] = mapped_column(String(36), default="", index=True)
    serial: Mapped[str] = mapped_column(String(128), default="", index=True)
    vendor: Mapped[str] = mapped_column(String(128), default="")
    model: Mapped[str] = mapped_column(String(128), default="")
    firmware: Mapped[str] = mapped_column(String(8), default="")
    memory_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    cores: Mapped[int] = mapped_column(default=0)
    disk_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    board_serial: Mapped[str] = mapped_column(String(128), default="", index=True)
    chassis_serial: Mapped[str] = mapped_column(String(128), default="")
    # Large, and most queries need none of it: read when it is asked for.
    inventory: Mapped[dict[str, Any]] = mapped_column(default=dict, deferred=True)
    disk_last: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the last install was ordered onto
    disk_wish: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what a person chose, and what was on it then
    mark: Mapped[str] = mapped_column(String(36), default="")  # GUID by which the disk of the last install is known
    report_digest: Mapped[str] = mapped_column(String(64), default="")  # as the appliance computes it
    says: Mapped[list[Any]] = mapped_column(default=list)  # [uuid, serial] as its boot loader told them, proved by a report
    # How often it came back although its own disk was due: {live|disk|card: [times, since]}.
    returns: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created: Mapped[float]
    version: Mapped[int] = mapped_column(default=1)
    pulse: Mapped[Pulse] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    bmc: Mapped[Bmc] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    __mapper_args__ = {"version_id_col": version}


class Bmc(Table):
    """The management controller of a machine; every machine has this row.

    How it is reached is what a person told, and empty where nobody did. What the machine's own report shows of it is
    beside that, and need not agree; see oci.records.machines.controllers.
    """

    __tablename__ = "bmc"
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), default="")
    port: Mapped[int] = mapped_column(default=623)
    username: Mapped[str] = mapped_column(String(64), default="")
    password: Mapped[str] = mapped_column(String(500), default="")  # sealed
    mac: Mapped[str] = mapped_column(String(17), default="", index=True)  # as the report shows it
    reported: Mapped[str] = mapped_column(String(64), default="", index=True)  # its address, as the report shows it
    # One controller belongs to one machine.
    __table_args__ = (
        Index(
            "bmc_controller",
            "address",
            "port",
            unique=True,
            sqlite_where=address != "",
            postgresql_where=address != "",
        ),
    )


class Pulse(Table):
    """What is heard and seen of a machine all the time. It has no version: whoever writes it stops nobody.

    A machine that waits is written down once in `pulse_seconds`, so `seen` may be older than its last word; see
    oci.domain.path.pulse.
    """

    __tablename__ = "pulse"
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), primary_key=True)
    seen: Mapped[float | None]
    presence: Mapped[str] = mapped_column(String(16), default="unknown")  # live|installed|nothing|unknown
    power: Mapped[str] = mapped_column(String(8), default="unknown")
    power_seen: Mapped[float | None]
    beat: Mapped[int] = mapped_column(default=0)  # seconds between its heartbeats as it was told; 0: it is at work
    boot_id: Mapped[str] = mapped_column(String(32), default="", index=True)  # the boot of the live image that speaks for it
    report_hash: Mapped[str] = mapped_column(String(64), default="")  # as the agent computes it
    __table_args__ = (Index("pulse_presence", "presence", "seen"),)


class Nic(Table):
    """A MAC that a machine has. One that several machines have proves nothing.

    kind: card|onboard (on the mainboard)|boot (it boots from it, and no card has it).
    """

    __tablename__ = "nic"
    mac: Mapped[str] = mapped_column(String(17), primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), primary_key=True, index=True)
    name: Mapped[str] = mapped_column(String(64), default="")
    kind: Mapped[str] = mapped_column(String(8), default="card")


class SharedFact(Table):
    """A value that more than one machine of this fleet was seen with: it proves nothing.

    kind: uuid|serial|board|chassis|bmc|mac.
    """

    __tablename__ = "shared_fact"
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    value: Mapped[str] = mapped_column(String(128), primary_key=True)
    since: Mapped[float]
    why: Mapped[str] = mapped_column(String(500), default="")


class Conflict(Table):
    """A question that a person has to answer: which machine is this?

    kind: report (it may be one of `machines`)|twice (two boots say that they are it)|boot (an unknown card boots as it)|
    returns (it comes back again and again)|refused (its reports name nothing). outcome: ''|joined|split|closed.
    """

    __tablename__ = "conflict"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    key: Mapped[str] = mapped_column(String(64), index=True)  # the same question asked again has the same
    text: Mapped[str] = mapped_column(String(500))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    machines: Mapped[list[Any]] = mapped_column(default=list)  # [{id, agree, differ}], best first
    boot_id: Mapped[str] = mapped_column(String(32), default="", index=True)
    opened: Mapped[float]
    seen: Mapped[float]
    times: Mapped[int] = mapped_column(default=1)
    closed: Mapped[float | None] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(8), default="")
    machine_id: Mapped[int | None]  # what it was answered with
    actor: Mapped[str] = mapped_column(String(64), default="")


class Report(Table):
    __tablename__ = "report"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), index=True)
    received: Mapped[float]
    hash: Mapped[str] = mapped_column(String(64))
    raw: Mapped[bytes] = mapped_column(LargeBinary)  # zlib of the JSON {probe: {output, error, exit}}


class Boot(Table):
    """One boot of the live image: its public id and the hash of its secret token."""

    __tablename__ = "boot"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    mac: Mapped[str] = mapped_column(String(17), index=True)
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), default="", index=True)
    asked: Mapped[float] = mapped_column(index=True)
    fetched: Mapped[float | None]
    source: Mapped[str] = mapped_column(String(64), default="")
    replaced: Mapped[bool] = mapped_column(default=False)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Assignment(Table):
    __tablename__ = "assignment"
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id"), index=True)
    role: Mapped[str] = mapped_column(String(63))
    number: Mapped[int]
    hostname: Mapped[str] = mapped_column(String(63))
    fqdn: Mapped[str] = mapped_column(String(255), unique=True)
    # The promise: what an install makes of the machine; see oci.domain.promise.promise. Revision 0: not worked out yet.
    interfaces: Mapped[list[Any]] = mapped_column(default=list)
    disks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[int] = mapped_column(default=0)
    wish: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what a person ordered of its cabling
    # Of the token by which the installed machine polls, given out with its challenge; '': it has none, or is written anew.
    poll_hash: Mapped[str] = mapped_column(String(64), default="", index=True)
    # Digests of classifications: what Puppet is told, as it was approved ('': as it is wanted now), and with which of them
    # its checks were last well.
    pinned: Mapped[str] = mapped_column(String(64), default="")
    settled: Mapped[str] = mapped_column(String(64), default="")
    ailing: Mapped[bool] = mapped_column(default=False)  # the last deployment came to no good end with it
    __table_args__ = (UniqueConstraint("cluster_id", "role", "number"),)


class Setting(Table):
    """A value that is set for a cluster, for a role in it ('': for the cluster itself), or for a machine, in whichever
    cluster it is; see oci.domain.cluster.settings. It is of a cluster or of a machine, never of both.
    """

    __tablename__ = "setting"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int | None] = mapped_column(ForeignKey("cluster.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(63), default="")
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(63))
    value: Mapped[str]  # the one text of its type; a secret is sealed
    by: Mapped[str] = mapped_column(String(64), default="")  # who set it last, and when
    at: Mapped[float] = mapped_column(default=0.0)
    revision: Mapped[int] = mapped_column(default=0)  # number of the Revision that it came with; 0: set by a verb of its own
    # NULLs differ from each other: each of the two holds for the rows of one kind.
    __table_args__ = (UniqueConstraint("cluster_id", "role", "name"), UniqueConstraint("machine_id", "name"))


class Revision(Table):
    """What the declaration of a cluster was after a change; see oci.domain.deploy.revisions. It is not `Cluster.revision`,
    which counts whatever changes a snapshot.
    """

    __tablename__ = "revision"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id", ondelete="CASCADE"))
    number: Mapped[int]  # 1, 2, 3 ... of the cluster
    kind: Mapped[str] = mapped_column(String(8))  # applied|by verbs
    at: Mapped[float]
    by: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(200), default="")
    back: Mapped[int] = mapped_column(default=0)  # the revision that it goes back to; 0: none
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the document
    changed: Mapped[int]  # how many changes it made
    document: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # zlib; empty: it was too large to be kept
    changes: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # zlib of a JSON list of texts, the first of them
    __table_args__ = (UniqueConstraint("cluster_id", "number"),)


class Authority(Table):
    """The CA of a cluster: a root, and the intermediate that signs. The key of the root is used once, for it."""

    __tablename__ = "authority"
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id", ondelete="CASCADE"), primary_key=True)
    root: Mapped[str]  # PEM
    root_key: Mapped[str]  # PEM, sealed
    intermediate: Mapped[str]  # PEM
    key: Mapped[str]  # of the intermediate, PEM, sealed
    made: Mapped[float]


class Secret(Table):
    """A secret of a cluster; see oci.domain.cloud.secrets."""

    __tablename__ = "secret"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    value: Mapped[str]  # sealed
    made: Mapped[float]
    __table_args__ = (UniqueConstraint("cluster_id", "name"),)


class Certificate(Table):
    """A certificate that the cluster's CA made for one of its members, or for all of them together."""

    __tablename__ = "certificate"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id", ondelete="CASCADE"), index=True)
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(32))  # of oci.domain.cloud.certificates
    holder: Mapped[str] = mapped_column(String(64))  # cluster, name and machine, of which one may be none
    names: Mapped[list[Any]] = mapped_column(default=list)  # whom it is for
    chain: Mapped[str]  # PEM: itself, then the intermediate
    key: Mapped[str]  # PEM, sealed
    made: Mapped[float]
    until: Mapped[float]
    __table_args__ = (UniqueConstraint("holder"),)


class CloudCheck(Table):
    """A proof of a cluster's cloud, ordered, at work or ended; the last ones of each cluster are kept.

    state: queued|running|passed|failed. See oci.domain.cloud.proof.
    """

    __tablename__ = "cloud_check"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id", ondelete="CASCADE"), index=True)
    actor: Mapped[str] = mapped_column(String(64))  # who ordered it
    ordered: Mapped[float]
    started: Mapped[float | None]
    finished: Mapped[float | None] = mapped_column()
    state: Mapped[str] = mapped_column(String(8), default="queued")
    computes: Mapped[list[Any]] = mapped_column(default=list)  # short host names
    results: Mapped[list[Any]] = mapped_column(default=list)
    made: Mapped[dict[str, Any]] = mapped_column(default=dict)  # ids in the cloud
    text: Mapped[str] = mapped_column(String(500), default="")  # how it ended
    changes: Mapped[int] = mapped_column(default=0)  # grows with each of them
    # One at a time in a cluster.
    __table_args__ = (
        Index(
            "cloud_check_open",
            "cluster_id",
            unique=True,
            sqlite_where=finished.is_(None),
            postgresql_where=finished.is_(None),
        ),
    )


def _key(context: Any) -> str:
    return addresses.key(context.get_current_parameters()["ip"])


class Address(Table):
    """An address that is somebody's: a machine's, a virtual one's (its name), or kept free for a reason (a note)."""

    __tablename__ = "address"
    id: Mapped[int] = mapped_column(primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))
    ip: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(33), default=_key)  # sorts by number
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), index=True)
    vip: Mapped[str] = mapped_column(String(63), default="")
    cluster_id: Mapped[int | None] = mapped_column(ForeignKey("cluster.id"), index=True)  # whose virtual address it is
    note: Mapped[str] = mapped_column(String(200), default="")
    # A network is of one family, so this is one address of each family on each wire.
    __table_args__ = (
        UniqueConstraint("network_id", "ip"),
        UniqueConstraint("machine_id", "network_id"),
        UniqueConstraint("network_id", "vip", "cluster_id"),
        Index("address_key", "network_id", "key"),
    )


class Work(Table):
    """One order for a machine, and its attempts. kind: a name of oci.domain.path.works.WORKS, such as install or wipe."""

    __tablename__ = "work"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    attempt: Mapped[int] = mapped_column(default=1)
    boot_id: Mapped[str] = mapped_column(String(32), default="")  # the boot that claimed this attempt
    token_hash: Mapped[str] = mapped_column(String(64), default="", index=True)
    ended_hash: Mapped[str] = mapped_column(String(64), default="", index=True)  # opens nothing, but tells who speaks
    started: Mapped[float]
    queued: Mapped[float | None]  # told to wait for room; see oci.domain.activity.capacity
    admitted: Mapped[float | None]  # it has room, and streams or is about to
    place: Mapped[str] = mapped_column(String(64), default="")  # the switch behind which it streams; '': not known
    server: Mapped[str] = mapped_column(String(190), default="")  # the image server
    claimed: Mapped[float | None]
    finished: Mapped[float | None]
    outcome: Mapped[str] = mapped_column(String(16), default="")  # ''|done|failed|aborted
    phase: Mapped[str] = mapped_column(String(32), default="")
    percent: Mapped[int] = mapped_column(default=0)
    phase_since: Mapped[float | None]
    doing: Mapped[str] = mapped_column(String(200), default="")  # what it does now, in its own words
    seen: Mapped[float | None]  # its last word, whatever it said
    moved: Mapped[float | None]  # its last progress
    restarted: Mapped[float | None]  # made to start anew and not heard of since: its firmware takes its time
    troubled: Mapped[float | None]  # when first boot or Puppet failed for the first time
    log: Mapped[str] = mapped_column(default="")
    log_bytes: Mapped[int] = mapped_column(default=0)  # taken of the log of this attempt
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # who the machine was when this was ordered
    approved: Mapped[str] = mapped_column(String(64), default="")  # digest of the promise that was ordered; '': none yet
    left: Mapped[str] = mapped_column(default="")  # a wipe: the disks that its orders do not name, and why
    __table_args__ = (
        Index("work_open", "machine_id", "finished"),
        Index("work_room", "finished", "admitted", "place", "server"),
        Index("work_queue", "finished", "admitted", "started"),
    )


class Challenge(Table):
    __tablename__ = "challenge"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), index=True)
    certname: Mapped[str] = mapped_column(String(255), index=True)
    hash: Mapped[str] = mapped_column(String(64))
    issued: Mapped[float]
    used: Mapped[float | None]


class Run(Table):
    """A Puppet run that ended; the last ones of each machine are kept. status: ok|changed|failed|cached|noop."""

    __tablename__ = "run"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"))
    at: Mapped[float]  # when its report came
    status: Mapped[str] = mapped_column(String(8))
    noop: Mapped[bool] = mapped_column(default=False)
    cached: Mapped[bool] = mapped_column(default=False)
    seconds: Mapped[float | None]  # how long the agent says that it took
    text: Mapped[str] = mapped_column(String(500), default="")
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    log: Mapped[list[Any]] = mapped_column(default=list)  # of one that failed: lines of its errors, without secrets
    __table_args__ = (Index("run_of_machine", "machine_id", "id"),)


class RunOrder(Table):
    """What an installed machine is to do by its next poll; the last ones of each machine are kept.

    kind: run (Puppet, then the checks)|check (the checks alone)|look (Puppet, dry). outcome: a word of
    oci.domain.cloud.run_orders, '' as long as it stands.
    """

    __tablename__ = "run_order"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8))
    by: Mapped[str] = mapped_column(String(64))
    ordered: Mapped[float]
    given: Mapped[float | None]  # when it was told last
    taken: Mapped[float | None]  # when the machine said for the first time that it is at it
    heard: Mapped[float | None]  # its last word of it
    moved: Mapped[float | None]  # when it said last what it had not said before
    doing: Mapped[str] = mapped_column(String(200), default="")  # what it does now, in its own words
    ended: Mapped[float | None]
    outcome: Mapped[str] = mapped_column(String(12), default="")
    words: Mapped[str] = mapped_column(String(500), default="")  # how it ended, in the machine's words
    checks: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {name: why not; '': well}
    __table_args__ = (Index("run_order_of_machine", "machine_id", "id"), Index("run_order_open", "ended", "machine_id"))


class Classification(Table):
    """What Puppet is told of machines, as it was approved: by its digest, with the names of secrets and no value of them."""

    __tablename__ = "classification"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)  # zlib of the JSON of oci.render.puppet.frozen


class Plan(Table):
    """What was shown as what would happen to a cluster: by its digest, so that what has changed since can be told."""

    __tablename__ = "plan"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(12))
    made: Mapped[float]
    by: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)  # zlib of the JSON of its steps
    __table_args__ = (UniqueConstraint("cluster_id", "digest"),)


class Deployment(Table):
    """A plan of a cluster that is carried out."""

    __tablename__ = "deployment"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(8))  # running|paused|done|stopped
    held: Mapped[bool] = mapped_column(default=False)  # a person paused it
    plan: Mapped[str] = mapped_column(String(12), default="")  # the digest that was approved
    wave: Mapped[int]  # the one that runs, or ran last, from 1
    since: Mapped[float]
    moved: Mapped[float]  # the last progress
    deadline: Mapped[float]  # when it is called standing still, unless something moves
    ended: Mapped[float | None] = mapped_column()
    reason: Mapped[str] = mapped_column(String(500), default="")
    by: Mapped[str] = mapped_column(String(64))
    # One at a time.
    __table_args__ = (
        Index(
            "deployment_open",
            "cluster_id",
            unique=True,
            sqlite_where=ended.is_(None),
            postgresql_where=ended.is_(None),
        ),
    )


class Step(Table):
    """What is done to one machine in a deployment, as it was approved."""

    __tablename__ = "step"
    id: Mapped[int] = mapped_column(primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    role: Mapped[str] = mapped_column(String(63), default="")
    wave: Mapped[int]
    why: Mapped[str] = mapped_column(String(500), default="")
    before: Mapped[str] = mapped_column(String(64), default="")  # digest of the classification that it had
    wanted: Mapped[str] = mapped_column(String(64), default="")  # and of the one that it is to have
    promise: Mapped[str] = mapped_column(String(64), default="")  # digest of what is written onto its disks
    destroys: Mapped[list[Any]] = mapped_column(default=list)  # what is lost, in words
    state: Mapped[str] = mapped_column(String(12))  # waiting|running|converged|checked|failed|skipped
    since: Mapped[float | None]  # when its wave began
    installed: Mapped[float | None]  # when it was active for the first time after that
    converged: Mapped[float | None]  # when Puppet had converged
    ended: Mapped[float | None]
    ordered: Mapped[int] = mapped_column(default=0)  # installs that were ordered for it
    runs: Mapped[int] = mapped_column(default=0)  # Puppet runs that were ordered for it
    run_id: Mapped[int | None]  # the last of these orders
    check_id: Mapped[int | None]  # the last order after it to look at its checks
    reason: Mapped[str] = mapped_column(String(500), default="")
    failure: Mapped[str] = mapped_column(String(16), default="")  # why it failed, by kind
    evidence: Mapped[str] = mapped_column(String(300), default="")  # the line that says so
    page: Mapped[str] = mapped_column(String(100), default="")  # what the documentation says of it
    __table_args__ = (UniqueConstraint("deployment_id", "machine_id"), Index("step_lasted", "role", "kind", "ended"))


class Look(Table):
    """When a machine was looked at for drift last: by a dry run of Puppet, of which its report tells what differs."""

    __tablename__ = "look"
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), primary_key=True)
    asked: Mapped[float | None] = mapped_column(index=True)  # when it was ordered last
    looked: Mapped[float | None]  # when something was learned last
    looks: Mapped[int] = mapped_column(default=0)  # grows with each thing that is heard of a look
    trouble: Mapped[str] = mapped_column(String(500), default="")  # why the last one told nothing, or not all
    more: Mapped[int] = mapped_column(default=0)  # differences beyond those that are kept
    told: Mapped[str] = mapped_column(String(32), default="")  # digest of what nobody accepted, as an event told it last


class Difference(Table):
    """What differed on a machine at its last look from what Puppet was told; see oci.domain.deploy.drift."""

    __tablename__ = "difference"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), index=True)
    resource: Mapped[str] = mapped_column(String(300))
    property: Mapped[str] = mapped_column(String(100))
    has: Mapped[str] = mapped_column(String(100))
    should: Mapped[str] = mapped_column(String(100))
    place: Mapped[str] = mapped_column(String(300), default="")
    first_seen: Mapped[float]
    last_seen: Mapped[float]


class Acceptance(Table):
    """Drift of a cluster that somebody accepted: what, why, and until when; see oci.domain.deploy.drift."""

    __tablename__ = "acceptance"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(63))
    resource: Mapped[str] = mapped_column(String(300))  # a pattern
    property: Mapped[str] = mapped_column(String(100), default="")  # '': any
    role: Mapped[str] = mapped_column(String(63), default="")  # '': any
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("machine.id", ondelete="CASCADE"), index=True)  # None: any
    reason: Mapped[str] = mapped_column(String(500))
    by: Mapped[str] = mapped_column(String(64))
    since: Mapped[float]
    until: Mapped[float]
    ended: Mapped[float | None]  # when it was told that its end has come
    __table_args__ = (UniqueConstraint("cluster_id", "name"),)


class Event(Table):
    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(48), index=True)
    machine_id: Mapped[int | None] = mapped_column(index=True)
    cluster_id: Mapped[int | None] = mapped_column(index=True)
    boot_id: Mapped[str | None] = mapped_column(String(32), index=True)
    actor: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(String(500))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Job(Table):
    """One piece of background work, and who does it until when."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    lane: Mapped[str] = mapped_column(String(16), default="")  # see oci.domain.activity.jobs
    subject: Mapped[str] = mapped_column(String(80), default="")  # what it is about, such as 'machine 12'
    machine_id: Mapped[int | None] = mapped_column(index=True)
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)  # how far it has come, for whoever carries on
    state: Mapped[str] = mapped_column(String(8))  # queued|running|done|failed
    created: Mapped[float]
    run_after: Mapped[float]
    lease_owner: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[float | None]
    attempts: Mapped[int] = mapped_column(default=0)
    finished: Mapped[float | None] = mapped_column(index=True)
    error: Mapped[str] = mapped_column(String(500), default="")
    result: Mapped[str] = mapped_column(String(500), default="")
    __table_args__ = (Index("job_due", "state", "run_after"), Index("job_subject", "subject", "lane", "state"))


class Person(Table):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    level: Mapped[str] = mapped_column(String(16))  # viewer|operator|admin
    disabled: Mapped[bool] = mapped_column(default=False)
    created: Mapped[float]


class Token(Table):
    __tablename__ = "token"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[float]
    expires: Mapped[float | None]


class SignIn(Table):
    """Failed sign-ins, for the rate limit."""

    __tablename__ = "sign_in"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float] = mapped_column(index=True)
    source: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(64))


class Watch(Table):
    """The last finding about one part of the appliance, by the name of its check; see oci.domain.activity.health."""

    __tablename__ = "watch"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(8), default="ok")
    what: Mapped[str] = mapped_column(String(500), default="")
    why: Mapped[str] = mapped_column(String(500), default="")
    instead: Mapped[str] = mapped_column(String(500), default="")
    since: Mapped[float]  # when the finding became what it is
    seen: Mapped[float]
    told: Mapped[bool] = mapped_column(default=False)  # whether an event has told it
