"""What every use case is given, and the decorator that gives it permission, transaction, audit and effects."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from oci.config import Config
from oci.db import tables
from oci.domain.events import EVENTS
from oci.domain.roles import Role
from oci.ports import Dhcp, Host, Images, NoSecrets, Power, PuppetCa, Sealer, Secrets, UnknownHost

log = logging.getLogger("oci")
P = ParamSpec("P")
R = TypeVar("R")

LEVELS = ("nobody", "machine", "viewer", "operator", "admin", "appliance")


class Problem(Exception):
    """A request that cannot be fulfilled. The text says what, why and what instead.

    `status` is the HTTP status and `code` the short stable word for programs.
    """

    status, code = 400, "bad-request"


class NotFound(Problem):
    status, code = 404, "not-found"


class Forbidden(Problem):
    status, code = 403, "forbidden"


class Unauthorised(Problem):
    status, code = 401, "unauthorised"


class Conflict(Problem):
    status, code = 409, "conflict"


class Gone(Problem):
    status, code = 410, "gone"


class TooLarge(Problem):
    status, code = 413, "too-large"


class TooMany(Problem):
    status, code = 429, "too-many"


class Unavailable(Problem):
    status, code = 503, "unavailable"


@dataclass(frozen=True)
class Actor:
    """Who acts: a person's name, 'machine N' or 'appliance', and the level of LEVELS."""

    name: str
    level: str


RoleFiles = tuple[Mapping[str, Role], tuple[str, ...]]


@dataclass(frozen=True)
class Outside:
    """The appliance's hands and eyes; the composition root fills it."""

    power: Power
    dhcp: Dhcp
    puppet_ca: PuppetCa
    images: Images
    sealer: Sealer
    poke: Callable[[int], None]  # tell a worker that a job is waiting; losing a poke only costs a tick
    roles: Mapping[str, Role]
    host: Host = field(default_factory=UnknownHost)
    ca_pem: bytes = b""
    authorities: Mapping[str, str] = field(default_factory=dict)  # PEM text of the setting ca_certificates, by name
    host_names: tuple[str, ...] = ()  # of the appliance itself
    troubles: tuple[str, ...] = ()  # what was wrong with the files that were read at the start, in words
    clock: Callable[[], float] = time.time
    secrets: Secrets = field(default_factory=NoSecrets)
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

    def event(
        self,
        kind: str,
        text: str,
        machine: tables.Machine | int | None = None,
        cluster: tables.Cluster | None = None,
        boot_id: str | None = None,
        **data: Any,
    ) -> None:
        """Append an event. `text` is cut to 500 characters; it must hold no secret."""
        if kind not in EVENTS:
            raise KeyError(f"event kind {kind} is not in the table")
        machine_id = machine.id if isinstance(machine, tables.Machine) else machine
        self.db.add(
            tables.Event(
                at=self.now(),
                kind=kind,
                machine_id=machine_id,
                cluster_id=cluster.id if cluster else None,
                boot_id=boot_id,
                actor=self.actor.name,
                text=text[:500],
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
        job = tables.Job(
            kind=kind,
            machine_id=machine.id if machine else None,
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


def _permit(ctx: Ctx, level: str, name: str) -> None:
    if LEVELS.index(ctx.actor.level) >= LEVELS.index(level):
        return
    if ctx.actor.level == "nobody":
        raise Unauthorised("this needs a sign-in or a token; sign in at /signin or send Authorization: Bearer")
    with ctx.make_session() as db:
        db.add(
            tables.Event(
                at=ctx.now(),
                kind="permission.refused",
                actor=ctx.actor.name,
                data={},
                text=f"{ctx.actor.name} ({ctx.actor.level}) tried {name}, which needs {level}",
            )
        )
        db.commit()
    raise Forbidden(f"{name} needs the level {level}; you are {ctx.actor.level}. Ask an admin")


def _record_notes(ctx: Ctx) -> None:
    """Write what `note` collected. The same words within a minute are written once: a stranger who
    repeats himself must not fill the disk."""
    with ctx.make_session() as db:
        for machine_id in ctx._alive:
            db.execute(update(tables.Machine).where(tables.Machine.id == machine_id).values(seen=ctx.now()))
        for kind, text, machine_id in ctx._notes:
            recent = (
                select(tables.Event.id)
                .where(tables.Event.kind == kind, tables.Event.text == text[:500], tables.Event.at > ctx.now() - 60)
                .limit(1)
            )
            if db.scalar(recent) is None:
                db.add(
                    tables.Event(
                        at=ctx.now(), kind=kind, machine_id=machine_id, actor=ctx.actor.name, text=text[:500], data={}
                    )
                )
        db.commit()


def _run_effects(effects: list[Callable[[], None]], name: str) -> None:
    for effect in effects:
        try:
            effect()
        except Exception:
            # The work itself is a row; the tick finds it. Only the shortcut failed.
            log.exception("an effect of %s failed; the next tick carries on", name)


def usecase(
    level: str, reads: bool = False
) -> Callable[[Callable[Concatenate[Ctx, P], R]], Callable[Concatenate[Ctx, P], R]]:
    """Make a function a use case: permission `level`, one transaction, effects after commit.

    `reads` promises that nothing is written, so that readers never wait for a writer.
    What was told to `note` is recorded when the use case is refused. A use case that raises leaves nothing else; one
    that *returns* a Problem keeps what it wrote, and the Problem is raised once that is committed.
    """

    def wrap(function: Callable[Concatenate[Ctx, P], R]) -> Callable[Concatenate[Ctx, P], R]:
        name = f"{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}"

        @functools.wraps(function)
        def run(ctx: Ctx, *args: P.args, **kwargs: P.kwargs) -> R:
            _permit(ctx, level, name)
            assert ctx._db is None, "use cases do not call use cases"
            effects: list[Callable[[], None]] = []
            ctx._after, ctx._notes, ctx._alive = effects, [], []
            with ctx.make_session() as db:
                if reads:
                    db.connection(execution_options={"reads": True})
                ctx._db = db
                try:
                    result = function(ctx, *args, **kwargs)
                    db.commit()
                except StaleDataError:
                    db.rollback()
                    raise Conflict("somebody else changed the same thing at the same moment; look at it again") from None
                except OperationalError as error:
                    # Locked for longer than anybody waits, or its disk is full: nobody's defect.
                    db.rollback()
                    log.error("%s: the database could not be used: %s", name, error.orig)
                    raise Unavailable(
                        f"the appliance's database could not be used ({error.orig}), so nothing was changed. "
                        "Try again; if it stays so, see that its disk is not full"
                    ) from None
                except Exception:
                    db.rollback()
                    if ctx._notes:
                        _record_notes(ctx)
                    raise
                finally:
                    ctx._db = None
            _run_effects(effects, name)
            if isinstance(result, Problem):
                _record_notes(ctx)
                raise result
            return result

        run.level = level  # type: ignore[attr-defined]
        return run

    return wrap
