"""Routes of machines."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.parts import told
from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.schemas.activity.events import EventList, TimelineQuery
from oci.schemas.machines.disks import DiskIn, DiskList
from oci.schemas.machines.machines import (
    AssignIn,
    BmcIn,
    CablingIn,
    EnrolIn,
    Handover,
    MachineDetail,
    MachineList,
    MachineName,
    MachineQuery,
    PowerIn,
    ReleaseIn,
    Why,
)
from oci.schemas.machines.runs import Classification, RunList
from oci.services.activity import events
from oci.services.machines import look, verbs
from oci.services.machines import machine_disks as disks
from oci.services.path import adoptions, puppet

TAG = Tag(name="machine", description="one computer that can be installed")
ONE = "/v1/machines/<name>"


def _told(verb: str, example: str, model: Any = MachineDetail, **more: Any) -> dict[str, Any]:
    """What the contract says of one verb on one machine that changes something."""
    also = {"x-example": example, **more}
    return {
        "tags": [TAG],
        "operation_id": f"machine.{verb}",
        "responses": answers(model, 403, 404, 409),
        "openapi_extensions": also,
    }


def _looks(app: OpenAPI) -> None:
    @app.get(
        "/v1/machines",
        tags=[TAG],
        operation_id="machine.list",
        responses=answers(MachineList),
        openapi_extensions={"x-example": "ocicli machine list --state discovered"},
    )
    def machine_list(query: MachineQuery) -> Response:
        """List machines, by name"""
        return out(look.list_machines(ctx(), **query.model_dump()))

    @app.get(
        ONE,
        tags=[TAG],
        operation_id="machine.show",
        responses=answers(MachineDetail, 404, 409),
        openapi_extensions={"x-example": "ocicli machine show compute1"},
    )
    def machine_show(path: MachineName) -> Response:
        """Show one machine with what its latest report said"""
        return out(look.show(ctx(), path.name))

    @app.get(
        f"{ONE}/why",
        tags=[TAG],
        operation_id="machine.why",
        responses=answers(Why, 404, 409),
        openapi_extensions={"x-example": "ocicli machine why compute1"},
    )
    def machine_why(path: MachineName) -> Response:
        """Say why a machine is where it is, and what can be done"""
        return out(look.why(ctx(), path.name))

    @app.get(
        f"{ONE}/events",
        tags=[TAG],
        operation_id="machine.events",
        responses=answers(EventList, 404, 409),
        openapi_extensions={"x-example": "ocicli machine events compute1"},
    )
    def machine_events(path: MachineName, query: TimelineQuery) -> Response:
        """List what happened to one machine, oldest first"""
        return out(events.timeline(ctx(), path.name, query))

    @app.get(
        f"{ONE}/runs",
        tags=[TAG],
        operation_id="machine.runs",
        responses=answers(RunList, 404, 409),
        openapi_extensions={"x-example": "ocicli machine runs compute1"},
    )
    def machine_runs(path: MachineName) -> Response:
        """List the last Puppet runs of a machine, newest first"""
        return out(puppet.list_runs(ctx(), path.name))

    @app.get(
        f"{ONE}/classification",
        tags=[TAG],
        operation_id="machine.classification",
        responses=answers(Classification, 404, 409),
        openapi_extensions={"x-example": "ocicli machine classification compute1"},
    )
    def machine_classification(path: MachineName) -> Response:
        """Show what Puppet is told of a machine, with *** for each secret"""
        return out(puppet.preview_classification(ctx(), path.name))


def _orders(app: OpenAPI) -> None:
    @app.post(
        "/v1/machines",
        tags=[TAG],
        operation_id="machine.enrol",
        responses=answers(MachineDetail, 403, 409, status=201),
        openapi_extensions={"x-example": "ocicli machine enrol 52:54:00:12:34:56", "x-name": "mac"},
    )
    def machine_enrol(body: EnrolIn) -> Response:
        """Make a machine known before its first boot, so that OCI can switch it on"""
        return out(verbs.enrol(ctx(), body.mac.lower(), body.bmc), 201)

    @app.put(f"{ONE}/bmc", **_told("bmc", "ocicli machine bmc compute1 --address 10.1.0.5 --username admin"))
    def machine_bmc(path: MachineName, body: BmcIn) -> Response:
        """Tell how a machine's management controller is reached"""
        return out(verbs.set_bmc(ctx(), path.name, body))

    @app.delete(f"{ONE}/bmc", **_told("forget-bmc", "ocicli machine forget-bmc compute1"))
    def machine_forget_bmc(path: MachineName) -> Response:
        """Forget a machine's management controller, so that another machine may have it"""
        return out(verbs.forget_bmc(ctx(), path.name))

    @app.post(f"{ONE}/power", **_told("power", "ocicli machine power compute1 --power on"))
    def machine_power(path: MachineName, body: PowerIn) -> Response:
        """Switch a machine's power through its management controller"""
        return out(verbs.power(ctx(), path.name, body.power))

    @app.post(f"{ONE}/assign", **_told("assign", "ocicli machine assign 7 --cluster demo --role compute"))
    def machine_assign(path: MachineName, body: AssignIn) -> Response:
        """Promise a machine to a cluster: role, host name, address; nothing on it is touched"""
        return out(verbs.assign(ctx(), path.name, body))


def _promises(app: OpenAPI) -> None:
    @app.post(f"{ONE}/promise", **_told("promise", "ocicli machine promise compute1"))
    def machine_promise(path: MachineName) -> Response:
        """Work out anew what an install makes of a machine: addresses, interfaces, disks"""
        return out(verbs.promise(ctx(), path.name))

    @app.put(f"{ONE}/cabling", **_told("cabling", "ocicli machine cabling compute1 --cards storage=eno2"))
    def machine_cabling(path: MachineName, body: CablingIn) -> Response:
        """Say how a machine is cabled where the rules would have it otherwise"""
        return out(verbs.cabling(ctx(), path.name, body))


def _disks(app: OpenAPI) -> None:
    @app.get(
        f"{ONE}/disks",
        tags=[TAG],
        operation_id="machine.disks",
        responses=answers(DiskList, 404, 409),
        openapi_extensions={"x-example": "ocicli machine disks compute1"},
    )
    def machine_disks(path: MachineName) -> Response:
        """List a machine's disks, what may be done with each, and which one an install would write"""
        return out(disks.list_disks(ctx(), path.name))

    @app.post(f"{ONE}/disk", **_told("disk", "ocicli machine disk compute1 --disk serial:S3Z1NX0K", DiskList))
    def machine_disk(path: MachineName, body: DiskIn) -> Response:
        """Say which disk installs write; one that holds data is confirmed by its name"""
        return out(disks.choose_disk(ctx(), path.name, body))


def _verbs(app: OpenAPI) -> None:
    @app.post(f"{ONE}/unassign", **_told("unassign", "ocicli machine unassign compute1"))
    def machine_unassign(path: MachineName) -> Response:
        """Take a machine's promise back"""
        return out(verbs.unassign(ctx(), path.name))

    @app.post(
        f"{ONE}/install",
        **_told(
            "install",
            "ocicli machine install compute1 --wait",
            **told.INSTALLED,
        ),
    )
    def machine_install(path: MachineName) -> Response:
        """Install Debian on a machine, as promised by its assignment"""
        return out(verbs.install(ctx(), path.name))

    @app.post(
        f"{ONE}/adopt",
        **_told("adopt", "ocicli machine adopt compute1", Handover),
    )
    def machine_adopt(path: MachineName) -> Response:
        """Hand a machine with a system of its own to Puppet; prints an archive for it, once"""
        return out(adoptions.adopt(ctx(), path.name))

    @app.post(f"{ONE}/run-puppet", **_told("run-puppet", "ocicli machine run-puppet compute1"))
    def machine_run_puppet(path: MachineName) -> Response:
        """Have Puppet run on an active machine, which asks for its orders about once a minute"""
        return out(verbs.run_puppet(ctx(), path.name))

    @app.post(f"{ONE}/abort", **_told("abort", "ocicli machine abort compute1"))
    def machine_abort(path: MachineName) -> Response:
        """Stop the install or wipe of a machine; a half-written disk stays as it is"""
        return out(verbs.abort(ctx(), path.name))

    @app.post(
        f"{ONE}/release",
        **_told(
            "release",
            "ocicli machine release compute1 --wait",
            **told.WIPED,
            **told.LOSES_DISKS,
        ),
    )
    def machine_release(path: MachineName, body: ReleaseIn) -> Response:
        """Wipe a machine's disks, then take its promise back"""
        return out(verbs.release(ctx(), path.name, body.confirm))

    @app.post(f"{ONE}/retire", **_told("retire", "ocicli machine retire compute1"))
    def machine_retire(path: MachineName) -> Response:
        """Keep a machine in the records only"""
        return out(verbs.retire(ctx(), path.name))

    @app.post(f"{ONE}/restore", **_told("restore", "ocicli machine restore 7"))
    def machine_restore(path: MachineName) -> Response:
        """Undo the retirement of a machine"""
        return out(verbs.restore(ctx(), path.name))


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""
    _looks(app)
    _orders(app)
    _promises(app)
    _disks(app)
    _verbs(app)
