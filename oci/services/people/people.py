"""People: who may sign in, their levels, and the tokens of their programs."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from sqlalchemy import func, select

from oci.context import Actor, Ctx
from oci.db import tables
from oci.domain.levels import ADMIN, APPLIANCE, MACHINE, NOBODY, PERSONAL
from oci.domain.quantities import counted
from oci.problems import Conflict, Forbidden, NotFound, Problem, Unauthorised
from oci.records.people.passwords import hashed, matches
from oci.records.people.sign_in_limit import forgive, reserve
from oci.schemas.people.people import Me, PersonIn, PersonList, PersonOut, TokenIn, TokenList, TokenMade, TokenOut
from oci.services.usecase import usecase

PERSON, TOKEN = tables.Person, tables.Token
# Words that history uses for those who are no person.
RESERVED = (APPLIANCE, MACHINE, NOBODY, "puppet")
DAY_SECONDS = 86400


def _find(ctx: Ctx, name: str) -> tables.Person:
    person = ctx.db.scalar(select(PERSON).where(PERSON.name == name))
    if person is None:
        raise NotFound(f"nobody is called {name[:64]!r}; `ocicli person list` shows who is known")
    return person


# --- signing in


@usecase("session.count", "nobody")
def _count(ctx: Ctx, name: str, source: str) -> int:
    return reserve(ctx, name, source)


@usecase("session.succeeded", "nobody")
def _succeeded(ctx: Ctx, attempt: int) -> None:
    forgive(ctx, attempt)


@usecase("session.known", "nobody", reads=True)
def _known(ctx: Ctx, name: str) -> tuple[str, str]:
    """Level and password hash of `name`; empty for somebody unknown or disabled."""
    person = ctx.db.scalar(select(PERSON).where(PERSON.name == name))
    return (person.level, person.password_hash) if person and not person.disabled else ("", "")


@usecase("session.refuse", "nobody")
def _refuse(ctx: Ctx, name: str, source: str) -> None:
    """Record that a sign-in was refused. An unknown name is not repeated: it may be a mistyped password."""
    known = ctx.db.scalar(select(PERSON.id).where(PERSON.name == name)) is not None
    who = f"as {name}" if known else "with an unknown name"
    ctx.event("signin.refused", f"sign-in {who} from {source or 'an unknown address'} was refused")


def sign_in(ctx: Ctx, name: str, password: str, source: str) -> Me:
    """Who `name` is, if `password` is right. `source` is the caller's address.

    Raises Unauthorised, or TooMany after signin_attempts failures of the name or the address within a minute.
    An unknown or disabled name costs the same time as a wrong password. The slow hash runs outside
    any transaction, so that guessing does not hold up writers.
    """
    attempt = _count(ctx, name, source)
    level, hash_ = _known(ctx, name)
    if not matches(hash_, password):
        _refuse(ctx, name, source)
        raise Unauthorised("name and password do not fit together; try again, or ask an admin for a new password")
    _succeeded(ctx, attempt)
    return Me(name=name, level=level)


def _stamp(person: tables.Person) -> str:
    return hashlib.sha256(person.password_hash.encode()).hexdigest()[:16]


@usecase("session.stamp", "nobody", reads=True)
def session_stamp(ctx: Ctx, name: str) -> str:
    """A word for the session cookie that is worth nothing once the password was changed. Raises NotFound."""
    return _stamp(_find(ctx, name))


@usecase("session.actor", "nobody", reads=True)
def session_actor(ctx: Ctx, name: str, stamp: str | None = None) -> Actor | None:
    """Who acts in the session of `name`; None when the account is gone, disabled, or `stamp` is outdated."""
    person = ctx.db.scalar(select(PERSON).where(PERSON.name == name))
    if person is None or person.disabled:
        return None
    if stamp is not None and not hmac.compare_digest(stamp.encode(), _stamp(person).encode()):
        return None
    return Actor(person.name, person.level)


def _token_hash(token: str) -> str:
    """What is stored of a token. SHA-256 suffices: tokens are 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


@usecase("token.actor", "nobody", reads=True)
def authenticate_token(ctx: Ctx, token: str) -> Actor:
    """Who acts with `token`, with the person's level of now. Raises Unauthorised."""
    row = ctx.db.execute(
        select(TOKEN, PERSON).join(PERSON, PERSON.id == TOKEN.person_id).where(TOKEN.hash == _token_hash(token))
    ).one_or_none()
    if row is None or row[1].disabled or (row[0].expires is not None and row[0].expires <= ctx.now()):
        raise Unauthorised("this token is unknown, expired or revoked; `ocicli login` makes a new one")
    return Actor(row[1].name, row[1].level)


# --- people


def _out(person: tables.Person) -> PersonOut:
    return PersonOut(name=person.name, level=person.level, disabled=person.disabled)


def _keep_an_admin(ctx: Ctx, person: tables.Person) -> None:
    """Raise Conflict when `person` is the last one who can still administer."""
    others = ctx.db.scalar(
        select(func.count()).where(PERSON.level == ADMIN, PERSON.disabled.is_(False), PERSON.id != person.id)
    )
    if person.level == ADMIN and not person.disabled and not others:
        raise Conflict(f"{person.name} is the last admin; make another admin first")


@usecase("person.list", "viewer", reads=True)
def list_people(ctx: Ctx) -> PersonList:
    """Everybody who may sign in, by name."""
    return PersonList(people=[_out(p) for p in ctx.db.scalars(select(PERSON).order_by(PERSON.name))])


@usecase("person.add", "admin")
def add_person(ctx: Ctx, order: PersonIn) -> PersonOut:
    """Make somebody who may sign in. Raises Conflict when the name is taken."""
    if order.name in RESERVED:
        raise Conflict(f"{order.name} is a word that history uses for another; choose another name")
    if ctx.db.scalar(select(PERSON.id).where(PERSON.name == order.name)) is not None:
        raise Conflict(f"{order.name} exists already; `ocicli person password {order.name}` sets a new password")
    person = PERSON(
        name=order.name, level=order.level, password_hash=hashed(order.password), disabled=False, created=ctx.now()
    )
    ctx.db.add(person)
    ctx.event("person.changed", f"{person.name} was added as {person.level}")
    return _out(person)


@usecase("person.password", "viewer")
def set_password(ctx: Ctx, name: str, password: str) -> PersonOut:
    """Set a password: one's own, or as admin anybody's. Sessions under the old one end."""
    if name != ctx.actor.name and ctx.actor.level not in (ADMIN, APPLIANCE):
        ctx.note("permission.refused", f"{ctx.actor.name} ({ctx.actor.level}) tried to set the password of {name[:64]}")
        raise Forbidden("only an admin sets the password of somebody else; yours you can set yourself")
    person = _find(ctx, name)
    person.password_hash = hashed(password)
    ctx.event("person.changed", f"{name} has a new password")
    return _out(person)


@usecase("person.level", "admin")
def set_level(ctx: Ctx, name: str, level: str) -> PersonOut:
    """Make `name` a viewer, operator or admin. Raises Conflict for the last admin."""
    if level not in PERSONAL:
        raise Problem(f"there is no level {level[:40]!r}; levels are {', '.join(PERSONAL)}")
    person = _find(ctx, name)
    if level != ADMIN:
        _keep_an_admin(ctx, person)
    person.level = level
    ctx.event("person.changed", f"{name} is {level} now")
    return _out(person)


@usecase("person.disable", "admin")
def disable_person(ctx: Ctx, name: str) -> PersonOut:
    """Shut `name` out at once: sign-in, sessions and tokens. Raises Conflict for the last admin."""
    person = _find(ctx, name)
    _keep_an_admin(ctx, person)
    person.disabled = True
    ctx.event("person.changed", f"{name} was disabled")
    return _out(person)


@usecase("person.enable", "admin")
def enable_person(ctx: Ctx, name: str) -> PersonOut:
    """Undo `disable_person`."""
    person = _find(ctx, name)
    person.disabled = False
    ctx.event("person.changed", f"{name} was enabled again")
    return _out(person)


# --- tokens


def _token_out(token: tables.Token, person: str) -> TokenOut:
    return TokenOut(id=token.id, name=token.name, person=person, expires=token.expires)


@usecase("token.list", "viewer", reads=True)
def list_tokens(ctx: Ctx) -> TokenList:
    """One's own tokens; an admin sees everybody's. The tokens themselves are never shown again."""
    query = select(TOKEN, PERSON.name).join(PERSON, PERSON.id == TOKEN.person_id).order_by(TOKEN.id)
    if ctx.actor.level != ADMIN:
        query = query.where(PERSON.name == ctx.actor.name)
    return TokenList(tokens=[_token_out(token, name) for token, name in ctx.db.execute(query)])


@usecase("token.make", "viewer")
def make_token(ctx: Ctx, order: TokenIn) -> TokenMade:
    """A token for a program of the one who asks, with that person's level, shown this once."""
    person = _find(ctx, ctx.actor.name)
    clear = "oci_" + secrets.token_urlsafe(32)
    token = TOKEN(
        person_id=person.id,
        name=order.name,
        hash=_token_hash(clear),
        created=ctx.now(),
        expires=ctx.now() + order.days * DAY_SECONDS,
    )
    ctx.db.add(token)
    ctx.db.flush()
    ctx.event("person.changed", f"{person.name} made the token {order.name!r} for {counted(order.days, 'day')}")
    return TokenMade(token=clear, **_token_out(token, person.name).model_dump())


@usecase("token.revoke", "viewer")
def revoke_token(ctx: Ctx, token_id: int) -> None:
    """Make a token worthless: one's own, or as admin anybody's. Raises NotFound."""
    token = ctx.db.get(TOKEN, token_id)
    person = ctx.db.get(PERSON, token.person_id) if token else None
    mine = person is not None and (ctx.actor.level == ADMIN or person.name == ctx.actor.name)
    if token is None or person is None or not mine:
        raise NotFound(f"you have no token {token_id}; `ocicli token list` shows yours")
    ctx.db.delete(token)
    ctx.event("person.changed", f"the token {token.name!r} of {person.name} was revoked")
