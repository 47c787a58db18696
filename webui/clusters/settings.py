"""Settings of clusters, roles and machines: what is in force and who says so, and a form for a change."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for

from oci.problems import NotFound, Problem
from oci.schemas.clusters.settings import ScopeIn, SettingList, SettingOut
from oci.services.clusters import clusters, roles, settings
from webui.clusters.forms import SETTING_FORMS
from webui.session import ctx
from webui.submit import Answer, done, needs, submit


def _scope() -> ScopeIn:
    """Where the address of the page says."""
    return ScopeIn(**{name: request.args.get(name, "").strip() for name in ScopeIn.model_fields})


def _told(scope: ScopeIn) -> dict[str, Any]:
    """The same for addresses of other pages."""
    return {name: value for name, value in scope.model_dump().items() if value}


def settings_page() -> Answer:
    """Every setting in force in one scope, and a way to another."""
    scope, problem, status = _scope(), "", 200
    found = SettingList(scope="", settings=[])
    try:
        found = settings.list_settings(ctx(), scope)
    except Problem as refused:
        problem, status = str(refused), refused.status
    return render_template(
        "clusters/settings.html",
        asked=scope,
        told=_told(scope),
        found=found,
        problem=problem,
        clusters=clusters.list_clusters(ctx()).clusters,
        roles=roles.list_roles(ctx()).roles,
    ), status


def _one(name: str, scope: ScopeIn) -> tuple[SettingList, SettingOut]:
    found = settings.list_settings(ctx(), scope)
    one = next((one for one in found.settings if one.name == name), None)
    if one is None:
        raise NotFound(f"no setting is called {name[:63]!r}; the page Settings shows those that exist")
    return found, one


def set_page(name: str) -> Answer:
    """What a change would do, and the form for it; a post makes it."""
    scope = _scope()
    found, one = _one(name, scope)
    form = SETTING_FORMS["secret" if one.secret else one.type if one.type in SETTING_FORMS else "text"](
        data={"value": "" if one.secret else one.value}
    )
    form.scope, form["secret" if one.secret else "value"].description = _told(scope), one.look
    return submit(
        "clusters/setting.html",
        form,
        lambda order: settings.set_setting(ctx(), name, order),
        lambda made: (
            f"{name} of {found.scope} is set. It takes effect {made.when}.",
            url_for("webui.settings", **_told(scope)),
        ),
        s=one,
        scope=found.scope,
        told=_told(scope),
    )


def unset_page(name: str) -> Answer:
    """What would hold again, before it does; a post does it."""
    scope = _scope()
    found, one = _one(name, scope)
    if request.method == "GET":
        return render_template("clusters/unset.html", s=one, scope=found.scope, told=_told(scope)), 200
    made = settings.unset_setting(ctx(), name, scope)
    return done(
        f"{name} of {found.scope} is not set any more; {made.origin} says what it is. It takes effect {made.when}.",
        url_for("webui.settings", **_told(scope)),
    )


def routes(bp: Blueprint) -> None:
    bp.get("/settings", endpoint="settings")(settings_page)
    both = ["GET", "POST"]
    bp.route("/settings/<name>/set", methods=both, endpoint="set_setting")(needs(settings.set_setting)(set_page))
    bp.route("/settings/<name>/unset", methods=both, endpoint="unset_setting")(needs(settings.unset_setting)(unset_page))
