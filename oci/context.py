"""What a use case and everything below it is given: who acts, the outside world, the database, and what follows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from oci.config import Config
from oci.db import tables
from oci.domain.activity.events import EVENTS
from oci.domain.activity.jobs import KINDS, subject_of
from oci.domain.cluster.roles import Role
from oci.ports import (
    Clouds,
    Dhcp,
    Guests,
    Host,
    Images,
    Issuer,
    NoGuests,
    Power,
    PuppetCa,
    Sealer,
    UnknownClouds,
    UnknownHost,
)


@dataclass(frozen=True)
class Actor:
    """Who acts: a person's name, 'machine N' or 'appliance', and the level of LEVELS."""

    name: str
    level: str


@dataclass
class Waiting:
    """How many machines wait in the live image, or poll, as this process last counted them."""

    machines: int = 0
    at: float = float("-inf")


RoleFiles = tuple[Mapping[str, Role], tuple[str, ...]]


@dataclass(frozen=True)
class Outside:
    """The appliance's hands and eyes; the composition root fills it."""

    power: Power
    dhcp: Dhcp
    puppet_ca: PuppetCa
    images: Images
    sealer: Sealer
    issuer: Issuer
    poke: Callable[[int], None]  # tell a worker that a job is waiting; losing a poke only costs a tick
    roles: Mapping[str, Role]
    host: Host = field(default_factory=UnknownHost)
    clouds: Clouds = field(default_factory=UnknownClouds)
    guests: Guests = field(default_factory=NoGuests)
    ca_pem: bytes = b""
    firstboot: Mapping[str, bytes] = field(default_factory=dict)  # by path, what an installed machine runs to meet Puppet
    authorities: Mapping[str, str] = field(default_factory=dict)  # PEM text of the setting ca_certificates, by name
    host_names: tuple[str, ...] = ()  # of the appliance itself
    troubles: tuple[str, ...] = ()  # what was wrong with the files that were read at the start, in words
    clock: Callable[[], float] = time.time
    waiting: Waiting = field(default_factory=Waiting)
    polling: Waiting = field(default_factory=Waiting)
    stuck: dict[int, str] = field(default_factory=dict)  # machines that this process could not look at, and why
    role_files: Callable[[], RoleFiles] | None = None  # roles and what is wrong with them as they are now; cheap

    def today(self) -> Outside:
        """The same with the role files as they are now. One request has one answer, whatever changes meanwhile."""
        if self.role_files is None:
            return self
        roles, troubles = self.role_files()
        return replace(self, roles=roles, troubles=(*troubles, *self.troubles))


@dataclass
class Ctx:
    """One request's context. `db` is set while a use case runs."""

    config: Config
    outside: Outside
    make_session: sessionmaker[Session]
    actor: Actor
    _db: Session | None = None
    _events: list[dict[str, Any]] = field(default_factory=list)
    _after: list[Callable[[], None]] = field(default_factory=list)
    _notes: list[tuple[str, str, int | None]] = field(default_factory=list)
    _alive: list[int] = field(default_factory=list)

    @property
    def db(self) -> Session:
        assert self._db is not None, "a use case is needed to touch the database"
        return self._db

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.outside.clock()

    def after(self, effect: Callable[[], None]) -> None:
        """Run `effect` once the transaction is committed; never when it is rolled back."""
        self._after.append(effect)

    @property
    def told(self) -> list[str]:
        """What the events of this transaction say so far."""
        return [event["text"] for event in self._events]

    def forget_all(self) -> None:
        """Drop the events and effects so far: what they tell of is not going to be."""
        self._events, self._after = [], []

    def event(
        self,
        kind: str,
        text: str,
        machine: tables.Machine | int | None = None,
        cluster: tables.Cluster | None = None,
        boot_id: str | None = None,
        **data: Any,
    ) -> None:
        """Append an event, which is written last of all. `text` is cut to 500 characters; it must hold no secret."""
        if kind not in EVENTS:
            raise KeyError(f"event kind {kind} is not in the table")
        machine_id = machine.id if isinstance(machine, tables.Machine) else machine
        self._events.append(
            dict(
                at=self.now(),
                kind=kind,
                machine_id=machine_id,
                cluster_id=cluster.id if cluster else None,
                boot_id=boot_id,
                actor=self.actor.name,
                text=text.replace("\0", "")[:500],  # what PostgreSQL does not keep says nothing to anybody
                data=data,
            )
        )

    def note(self, kind: str, text: str, machine_id: int | None = None) -> None:
        """Record an event even though (and only if) the use case is about to be refused."""
        self._notes.append((kind, text, machine_id))

    def still_alive(self, machine_id: int) -> None:
        """Record that the machine was heard of even though the use case is about to be refused."""
        self._alive.append(machine_id)

    def queue(self, kind: str, machine: tables.Machine | None = None, delay: float = 0, **args: Any) -> tables.Job:
        """Queue background work of `kind`, `delay` seconds from now. `args` must hold no secret."""
        now = self.now()
        args = {"by": self.actor.name, **args}
        machine_id = machine.id if machine else None
        job = tables.Job(
            kind=kind,
            lane=KINDS[kind].lane,
            subject=subject_of(KINDS[kind], machine_id, str(args.get("subject", ""))),
            machine_id=machine_id,
            args=args,
            state="queued",
            created=now,
            run_after=now + delay,
        )
        self.db.add(job)
        self.db.flush()
        if not delay:
            job_id = job.id
            self.after(lambda: self.outside.poke(job_id))
        return job
