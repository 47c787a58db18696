"""What the contract says beside OpenAPI's own words: what is waited for, confirmed and followed. Templates are those of
`oci.schemas.looks`."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import Tag

from oci.domain.deploy import deployments
from oci.domain.machines import lifecycle


def operation(tag: Tag, verb: str, responses: dict[Any, Any], example: str, **more: Any) -> dict[str, Any]:
    """What a route says of itself: it is `TAG.VERB`, answers `responses`, and `example` follows `ocicli TAG VERB`."""
    return {
        "tags": [tag],
        "operation_id": f"{tag.name}.{verb}",
        "responses": responses,
        "openapi_extensions": {"x-example": f"ocicli {tag.name} {verb} {example}".strip(), **more},
    }


def _watch(done: list[str], failed: list[str]) -> dict[str, Any]:
    """x-watch: `path`, filled from the first answer, is asked until `member` is one of `done` or `failed`."""
    return {
        "x-watch": {
            "path": "/v1/machines/{id}",
            "member": "state",
            "done": done,
            "failed": failed,
            "line": "{name} {state}[: {progress.title}]",
            "percent": "progress.percent",
            "ended": "{name} is {state}[: {reason}]. `ocicli machine why {name}` tells what can be done",
            "again": "the work goes on; look again with `ocicli machine show {name}` or `ocicli machine events {name}`",
        }
    }


GOES_ON: dict[str, Any] = {
    "x-watch": {
        "path": "/v1/clusters/{cluster}/deployments/{id}",
        "member": "state",
        "done": [deployments.DONE],
        "failed": [deployments.PAUSED, deployments.STOPPED],
        "line": "{cluster} wave {wave} of {waves}[, {left|span} left][: {now}]",
        "percent": "percent",
        "ended": "the deployment of {cluster} is {state}[: {reason}]",
        "again": "it goes on; look again with `ocicli cluster deployment {cluster} --id {id}`",
    }
}
DEPLOYED: dict[str, Any] = {
    **GOES_ON,
    "x-confirm": {
        "member": "plan",
        "path": "/v1/clusters/{name}/plan",
        "word": "digest",
        "show": {
            "title": "{cluster}: {summary}",
            "rows": "steps",
            "member": "machine",
            "among": "losing",
            "line": "{machine} loses: {destroys}",
            "note": "`ocicli cluster plan {cluster}` shows each step",
        },
        "ask": "Type {digest} to have exactly this done: ",
        "refused": "this changes machines, and may wipe disks; without a terminal say which plan is approved with --plan "
        "DIGEST (`ocicli cluster plan` tells it), or approve whatever is planned now with --yes",
    },
}
CHECKED: dict[str, Any] = {
    "x-watch": {
        "path": "/v1/clusters/{cluster}/checks/{id}",
        "member": "state",
        "done": ["passed"],
        "failed": ["failed"],
        "line": "{cluster} {state}[: {doing}]",
        "percent": "percent",
        "ended": "the check of {cluster} failed[: {text}]. `ocicli cluster show-check {cluster} --id {id}` shows its steps",
        "again": "the check goes on; look again with `ocicli cluster show-check {cluster} --id {id}`",
    }
}
INSTALLED = _watch([lifecycle.ACTIVE], [lifecycle.FAILED, lifecycle.ASSIGNED])
WIPED = _watch([lifecycle.DISCOVERED], [lifecycle.FAILED])
# x-confirm: the body's `member` must be the `word` of what `path` answers; before a person types it, `show` is shown.
LOSES_DISKS: dict[str, Any] = {
    "x-confirm": {
        "member": "confirm",
        "path": "/v1/machines/{name}",
        "word": "name",
        "show": {
            "title": "{name}: everything on these disks will be lost:",
            "rows": "inventory.disks",
            "member": "name",
            "among": "wipe_devices",
            "line": "{bytes|GB}[  {model}][  serial {serial}]",
            "note": "[But {wipe_left}]",
        },
        "ask": "Type {name} to wipe them: ",
        "refused": "this wipes disks; without a terminal confirm it with --yes",
    }
}
# x-follow: a verb of its own that asks again and again for what came after the answer before.
FOLLOWED: dict[str, Any] = {
    "x-follow": {
        "verb": "follow",
        "summary": "Print events as they happen",
        "example": "ocicli event follow --machine compute1",
        "options": ["machine", "kind"],
        "first": {"limit": 10},
        "then": {"limit": 1000},
        "next": "next",
        "after": "after",
        "line": "{at|time}  {machine|dash}  {kind|dim}  {text}",
    }
}
