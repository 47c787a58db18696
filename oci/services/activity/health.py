"""The appliance looks at itself: for the page, `ocicli health`, and `oci-admin check`."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain import site_settings
from oci.domain.activity import health as rules
from oci.domain.activity.health import CHECKS, Check
from oci.domain.cluster.profiles import packages_of
from oci.domain.path.netboot import loaders
from oci.domain.quantities import counted
from oci.ports import Outdated, OutsideError
from oci.problems import Unavailable
from oci.render.puppet.profiles import PROFILES
from oci.schemas.activity.health import CheckOut, HealthOut
from oci.services.usecase import usecase

# What an appliance can be used without for a while.
LESSER = {"clock"}
# A finding that stays the same is written down this often; it is called stale after three times that.
KEPT_SECONDS = 60


def _dhcp(ctx: Ctx) -> Check:
    if ctx.config.dhcp_config == "off":
        return Check("dhcp", "ok", "it is switched off; machines get their addresses from somebody else")
    ctx.outside.dhcp.check(ctx.config.dhcp_interface, ctx.config.server_address)
    return Check("dhcp", "ok", f"machines at {ctx.config.dhcp_interface} are served")


def _loaders(ctx: Ctx) -> Check:
    ctx.outside.host.loaders(ctx.config.server_address, loaders())
    return Check("loaders", "ok", f"{counted(len(loaders()), 'boot loader')} by TFTP")


def _image(kind: str) -> Callable[[Ctx], Check]:
    def look(ctx: Ctx) -> Check:
        ctx.outside.images.check(kind)
        return Check(f"image {kind}", "ok", "it is built, and of this version")

    return look


def _puppet(ctx: Ctx) -> Check:
    ctx.outside.puppet_ca.check()
    return Check("puppet", "ok", "its CA answers, and lets this appliance clean certificates")


def _clock(ctx: Ctx) -> Check:
    ctx.outside.host.clock()
    return Check("clock", "ok", "it follows another clock")


def _root(ctx: Ctx) -> Check:
    """The image for all, and that of each role that has one of its own."""
    images = ctx.outside.images
    images.check("root")
    own = images.roles()
    for name in own:
        role = ctx.outside.roles.get(name)
        images.check("root", name, packages_of(role.profiles, PROFILES) if role else ())
    more = f"; own ones of {', '.join(own)} too" if own else ""
    return Check("image root", "ok", f"it is built, and of this version{more}")


LOOKS: dict[str, Callable[[Ctx], Check]] = {
    "settings": lambda ctx: rules.settings(site_settings.wrong(ctx.config.values())),
    "database": lambda ctx: rules.database(*ctx.outside.host.schema()),
    "dhcp": _dhcp,
    "loaders": _loaders,
    "image live": _image("live"),
    "image root": _root,
    "certificates": lambda ctx: rules.certificates(ctx.outside.host.expiries(), ctx.now()),
    "puppet": _puppet,
    "disk": lambda ctx: rules.disk(*ctx.outside.host.disk()),
    "clock": _clock,
}


def _look(ctx: Ctx, name: str) -> Check:
    try:
        return LOOKS[name](ctx)
    except OutsideError as trouble:
        state = "warn" if name in LESSER or isinstance(trouble, Outdated) else "bad"
        return Check(name, state, trouble.what, trouble.why, trouble.instead)


def look(ctx: Ctx) -> list[Check]:
    """Look at everything outside now, which can take some seconds, and remember what was found."""
    found = [_look(ctx, name) for name in LOOKS]
    # The tick remembers DHCP, and tells changes.
    if news := _news(ctx, [check for check in found if check.name != "dhcp"]):
        _remember(ctx, news)
    return found


@usecase("health.news", "appliance", reads=True)
def _news(ctx: Ctx, found: list[Check]) -> list[Check]:
    """Those of `found` that are not what was found before, or were not written down lately."""
    rows = {row.name: row for row in ctx.db.scalars(select(tables.Watch))}

    def known(check: Check) -> bool:
        row = rows.get(check.name)
        if row is None or not 0 <= ctx.now() - row.seen < KEPT_SECONDS:
            return False
        words = (check.state, check.what[:500], check.why[:500], check.instead[:500])
        return (row.state, row.what, row.why, row.instead) == words

    return [check for check in found if not known(check)]


@usecase("health.remember", "appliance")
def _remember(ctx: Ctx, found: list[Check]) -> None:
    for one in found:
        row = ctx.db.get(tables.Watch, one.name) or tables.Watch(name=one.name, since=ctx.now())
        if (row.state, row.what) != (one.state, one.what[:500]):
            row.since = ctx.now()
        row.state, row.seen = one.state, ctx.now()
        row.what, row.why, row.instead = one.what[:500], one.why[:500], one.instead[:500]
        ctx.db.add(row)


@usecase("health", "viewer", reads=True)
def _rows(ctx: Ctx) -> dict[str, tuple[Check, float, float]]:
    """The last finding of each check, since when it is so, and when it was seen."""
    return {
        row.name: (Check(row.name, row.state, row.what, row.why, row.instead), row.since, row.seen)
        for row in ctx.db.scalars(select(tables.Watch))
    }


def _known(ctx: Ctx, name: str, rows: dict[str, tuple[Check, float, float]]) -> Check:
    if name == "worker":
        return rules.worker(rows[name][2] if name in rows else None, ctx.now(), ctx.config.tick_seconds)
    if name not in rows:
        return Check(
            name,
            "warn",
            "nobody has looked yet",
            "the worker looks, and has just started or does not run",
            "`oci-admin check` looks by itself",
        )
    check, _since, seen = rows[name]
    return rules.stale(check, seen, ctx.now())


def health(ctx: Ctx, fresh: bool = False) -> list[Check]:
    """Every check of CHECKS with its finding; the worst come with what can be done instead.

    They are what the worker last found. With `fresh` everything is looked at now, and a database that cannot be
    used is a finding and not an error.
    """
    try:
        rows = _rows(ctx)
    except Unavailable as trouble:
        if not fresh:
            raise
        rows = {}
        unread = Check(
            "worker", "bad", "it is not known when the worker was last seen", str(trouble), "See the check `database`"
        )
        return [unread if name == "worker" else _look(ctx, name) for name in CHECKS]
    if fresh:
        return [_known(ctx, name, rows) if name == "worker" else _look(ctx, name) for name in CHECKS]
    return [_known(ctx, name, rows) for name in CHECKS]


def show(ctx: Ctx) -> HealthOut:
    """The health of the appliance, worst first, for programs and pages."""
    found = health(ctx)
    order = sorted(found, key=lambda one: -rules.STATES.index(one.state))
    return HealthOut(
        state=rules.worst(found),
        checks=[CheckOut(name=one.name, state=one.state, what=one.what, why=one.why, instead=one.instead) for one in order],
    )
