"""Routes of conflicts: questions about which machine is which, and the verbs that answer them."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.machines.machines import ONE
from oci.api.operators.machines.machines import TAG as MACHINE
from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.schemas.machines.conflicts import ConflictId, ConflictList, ConflictOut, ConflictQuery, JoinIn, MergeIn, SplitIn
from oci.schemas.machines.machines import MachineName, MachineRef
from oci.services.machines import conflicts

TAG = Tag(name="conflict", description="a question which machine is which, for a person")


def _told(tag: Tag, verb: str, model: Any, example: str, *also: int, **more: Any) -> dict[str, Any]:
    return {
        "tags": [tag],
        "operation_id": f"{tag.name}.{verb}",
        "responses": answers(model, *also),
        "openapi_extensions": {"x-example": f"ocicli {tag.name} {verb} {example}".strip(), **more},
    }


def _questions(app: OpenAPI) -> None:
    @app.get("/v1/conflicts", **_told(TAG, "list", ConflictList, ""))
    def conflict_list(query: ConflictQuery) -> Response:
        """List open questions about which machine is which"""
        return out(conflicts.list_conflicts(ctx(), query))

    @app.get("/v1/conflicts/<id>", **_told(TAG, "show", ConflictOut, "3", 404))
    def conflict_show(path: ConflictId) -> Response:
        """Show one question: what was reported, and which machines it may be"""
        return out(conflicts.show(ctx(), path.id))

    @app.post("/v1/conflicts/<id>/join", **_told(TAG, "join", ConflictOut, "3 --machine compute1", 403, 404, 409))
    def conflict_join(path: ConflictId, body: JoinIn) -> Response:
        """Say that it is this machine: its record learns what was reported"""
        return out(conflicts.join(ctx(), path.id, body))

    @app.post("/v1/conflicts/<id>/split", **_told(TAG, "split", ConflictOut, "3", 403, 404, 409))
    def conflict_split(path: ConflictId) -> Response:
        """Say that it is a machine of its own: it becomes a new record"""
        return out(conflicts.split(ctx(), path.id))

    @app.post("/v1/conflicts/<id>/close", **_told(TAG, "close", ConflictOut, "3", 403, 404, 409))
    def conflict_close(path: ConflictId) -> Response:
        """Say that what kept coming back was looked after: it is tried again"""
        return out(conflicts.close(ctx(), path.id))


def _records(app: OpenAPI) -> None:
    @app.post(
        f"{ONE}/join", **_told(MACHINE, "join", MachineRef, "compute1 --other machine-9 --confirm machine-9", 403, 404, 409)
    )
    def machine_join(path: MachineName, body: MergeIn) -> Response:
        """Say that two records are one machine: the other record is taken over"""
        return out(conflicts.merge(ctx(), path.name, body))

    @app.post(f"{ONE}/split", **_told(MACHINE, "split", MachineRef, "compute1 --fact 52:54:00:77:00:01", 403, 404, 409))
    def machine_split(path: MachineName, body: SplitIn) -> Response:
        """Say that a MAC, UUID or serial is no proof of a machine"""
        return out(conflicts.split_fact(ctx(), path.name, body))


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""
    _questions(app)
    _records(app)
