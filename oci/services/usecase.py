"""The decorator that gives a use case its permission, transaction, audit and effects."""

from __future__ import annotations

import functools
import itertools
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import TableClause, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from oci.context import Ctx
from oci.db import failures, tables
from oci.db.session import begin_reading, begin_writing, one_after_another
from oci.domain.levels import LEVELS, NOBODY, covers
from oci.problems import Conflict, Forbidden, Problem, Unauthorised, Unavailable

log = logging.getLogger("oci")
_INSERT_EVENTS = insert(cast(TableClause, tables.Event.__table__))
P = ParamSpec("P")
R = TypeVar("R")


def _permit(ctx: Ctx, level: str, name: str) -> None:
    if covers(ctx.actor.level, level):
        return
    if ctx.actor.level == NOBODY:
        raise Unauthorised("this needs a sign-in or a token; sign in at /signin or send Authorization: Bearer")
    refused = f"{ctx.actor.name} ({ctx.actor.level}) tried {name}, which needs {level}"
    _transact(ctx, name, lambda: ctx.event("permission.refused", refused))
    raise Forbidden(f"{name} needs the level {level}; you are {ctx.actor.level}. Ask an admin")


def _write_notes(ctx: Ctx, notes: list[tuple[str, str, int | None]], alive: list[int]) -> None:
    for speaker in alive:
        ctx.db.execute(update(tables.Pulse).where(tables.Pulse.machine_id == speaker).values(seen=ctx.now()))
    for kind, text, machine_id in dict.fromkeys(notes):
        recent = (
            select(tables.Event.id)
            .where(tables.Event.kind == kind, tables.Event.text == text[:500], tables.Event.at > ctx.now() - 60)
            .limit(1)
        )
        if ctx.db.scalar(recent) is None:
            ctx.event(kind, text, machine_id)


def _record_notes(ctx: Ctx, name: str) -> None:
    """Write what `note` collected. The same words within a minute are written once: a stranger who
    repeats himself must not fill the disk. That they cannot be written hides no refusal."""
    notes, alive = ctx._notes, ctx._alive
    if not notes and not alive:
        return
    try:
        _transact(ctx, name, lambda: _write_notes(ctx, notes, alive))
    except Problem as problem:
        log.error("%s: what was refused could not be recorded: %s", name, problem)


def _run_effects(effects: list[Callable[[], None]], name: str) -> None:
    for effect in effects:
        try:
            effect()
        except Exception:
            # The work itself is a row; the tick finds it. Only the shortcut failed.
            log.exception("an effect of %s failed; the next tick carries on", name)


def _as_problem(error: SQLAlchemyError, name: str, committing: bool) -> Problem | None:
    """What a caller is told of a database that fails; None for a defect of this program."""
    said = failures.words(error)
    if failures.is_collision(error):
        log.error("%s: given up after %d tries: %s", name, failures.TRIES, said)
        return Conflict(
            "others changed the same thing at the same moment, again and again, so nothing was changed; "
            "look at it again, and try once more"
        )
    if failures.is_unusable(error):
        # Away, locked for longer than anybody waits, or its disk is full: nobody's defect.
        log.error("%s: the database could not be used: %s", name, said)
        lost = committing and failures.is_lost(error)
        return Unavailable(
            f"the appliance's database could not be used ({said}), so "
            + ("it is not known whether anything was changed. " if lost else "nothing was changed. ")
            + "Try again; if it stays so, see that it runs and that its disk is not full"
        )
    if failures.is_bad_value(error):
        log.error("%s: a value that cannot be kept: %s", name, said)
        return Problem(f"something that was sent cannot be kept ({said}); send what is shorter, smaller or plainer")
    return None


def _write(ctx: Ctx) -> None:
    """Write what the use case did, its events last: who follows them by their numbers misses none (ADR 0016)."""
    ctx.db.flush()
    if ctx._events:
        one_after_another(ctx.db)
        ctx.db.connection().execute(_INSERT_EVENTS, ctx._events)


def _try(ctx: Ctx, work: Callable[[], R], reads: bool, alone: bool) -> R:
    """Do `work` in one transaction; what it collects beside that starts empty. Raises `_Failed`."""
    ctx._events, ctx._after, ctx._notes, ctx._alive = [], [], [], []
    committing = False
    with ctx.make_session() as db:
        ctx._db = db
        try:
            if reads:
                begin_reading(db)
            else:
                begin_writing(db, alone)
            result = work()
            _write(ctx)
            committing = True
            db.commit()
        except SQLAlchemyError as error:
            db.rollback()
            raise _Failed(error, committing) from error
        except BaseException:
            db.rollback()
            raise
        finally:
            ctx._db = None
    return result


class _Failed(Exception):
    """The database refused; `committing` when that was at the very end."""

    def __init__(self, error: SQLAlchemyError, committing: bool) -> None:
        self.error, self.committing = error, committing


def _transact(ctx: Ctx, name: str, work: Callable[[], R], reads: bool = False) -> R:
    """Do `work` in one transaction, and again from its beginning when somebody else was in the way.

    Raises Conflict when that was so failures.TRIES times, Unavailable for a database that cannot be used, and Problem for
    a value that it cannot keep.
    """
    assert ctx._db is None, "use cases do not call use cases"
    pauses = failures.pauses()
    for number in itertools.count():
        try:
            # The first two go on among others; who collides again has the database to himself.
            return _try(ctx, work, reads, alone=number > 1)
        except _Failed as failed:
            pause = next(pauses, None) if failures.is_collision(failed.error) else None
            if pause is None:
                ctx._notes, ctx._alive = [], []  # it was not refused
                raise (_as_problem(failed.error, name, failed.committing) or failed.error) from None
            log.info("%s: tried again, somebody else was in the way: %s", name, failures.words(failed.error))
            time.sleep(pause)
    raise AssertionError("a try returns, or is the last")


@dataclass(frozen=True)
class Operation:
    """What a use case is called by everybody, and who may do it. `where` is the module of its function."""

    name: str
    level: str
    reads: bool
    where: str


OPERATIONS: dict[str, Operation] = {}
"""Every use case that was imported, by name: REST, `ocicli`, the pages and the matrix of permissions call it so."""
_NAME = re.compile(r"[a-z]+(\.[a-z]+(-[a-z]+)*)?")


def _enter(operation: Operation) -> None:
    if operation.level not in LEVELS:
        raise ValueError(f"{operation.name} needs {operation.level!r}, which is no level; levels are {', '.join(LEVELS)}")
    if not _NAME.fullmatch(operation.name):
        raise ValueError(f"a use case is called NOUN.VERB, as in machine.assign; {operation.name!r} is not")
    other = OPERATIONS.setdefault(operation.name, operation)
    if other.where != operation.where:
        raise ValueError(
            f"{operation.where} and {other.where} both call a use case {operation.name}; one name, one use case"
        )


def operation_of(use_case: Callable[..., Any]) -> Operation:
    """What a use case is called and who may do it."""
    found: Operation = use_case.operation  # type: ignore[attr-defined]
    return found


def usecase(
    name: str, level: str, reads: bool = False
) -> Callable[[Callable[Concatenate[Ctx, P], R]], Callable[Concatenate[Ctx, P], R]]:
    """Make a function the use case `name` (NOUN.VERB): permission `level`, one transaction, effects after commit.

    `reads` promises that nothing is written, so that readers never wait for a writer.
    It may run up to five times, whenever somebody else was in the way (ADR 0016): what it does outside of its transaction
    waits for the commit (`after`).
    What was told to `note` is recorded when the use case is refused. A use case that raises leaves nothing else; one
    that *returns* a Problem keeps what it wrote, and the Problem is raised once that is committed.
    """

    def wrap(function: Callable[Concatenate[Ctx, P], R]) -> Callable[Concatenate[Ctx, P], R]:
        operation = Operation(name, level, reads, function.__module__)
        _enter(operation)

        @functools.wraps(function)
        def run(ctx: Ctx, *args: P.args, **kwargs: P.kwargs) -> R:
            _permit(ctx, level, name)
            try:
                result = _transact(ctx, name, lambda: function(ctx, *args, **kwargs), reads)
            except Exception:
                _record_notes(ctx, name)
                raise
            _run_effects(ctx._after, name)
            if isinstance(result, Problem):
                _record_notes(ctx, name)
                raise result
            return result

        run.operation = operation  # type: ignore[attr-defined]
        return cast("Callable[Concatenate[Ctx, P], R]", run)

    return wrap
