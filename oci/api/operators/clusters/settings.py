"""Routes of settings."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.clusters.settings import ScopeIn, SettingIn, SettingList, SettingName, SettingOut
from oci.services.clusters import settings

SETTING = Tag(name="setting", description="what differs between clusters, roles and machines")
ONE = "/v1/settings/<name>"


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.get("/v1/settings", **operation(SETTING, "list", answers(SettingList, 404, 409), "--machine compute1"))
    def setting_list(query: ScopeIn) -> Response:
        """List settings in force, and who says so"""
        return out(settings.list_settings(ctx(), query))

    @app.put(
        ONE,
        **operation(SETTING, "set", answers(SettingOut, 403, 404, 409), "ntp_servers --cluster demo --value 10.0.0.9"),
    )
    def setting_set(path: SettingName, body: SettingIn) -> Response:
        """Set a setting for a cluster, a role in it, or a machine"""
        return out(settings.set_setting(ctx(), path.name, body))

    @app.delete(ONE, **operation(SETTING, "unset", answers(SettingOut, 403, 404, 409), "ntp_servers --cluster demo"))
    def setting_unset(path: SettingName, query: ScopeIn) -> Response:
        """Take a setting back, so that a wider one holds"""
        return out(settings.unset_setting(ctx(), path.name, query))
