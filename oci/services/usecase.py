"""The decorator that gives a use case its permission, transaction, audit and effects."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError

from oci.context import Ctx
from oci.db import tables
from oci.domain.levels import LEVELS
from oci.problems import Conflict, Forbidden, Problem, Unauthorised, Unavailable

log = logging.getLogger("oci")
P = ParamSpec("P")
R = TypeVar("R")


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
        for alive in ctx._alive:
            db.execute(update(tables.Pulse).where(tables.Pulse.machine_id == alive).values(seen=ctx.now()))
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
        return cast("Callable[Concatenate[Ctx, P], R]", run)

    return wrap
