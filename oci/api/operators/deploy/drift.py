"""Routes of drift: what differs on machines, and what of it is accepted."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI

from oci.api.operators.clusters.clusters import CLUSTER
from oci.api.operators.machines.machines import ONE as MACHINE
from oci.api.operators.machines.machines import TAG
from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.clusters.clusters import ClusterName
from oci.schemas.deploy.drift import AcceptDriftIn, ClusterDrift, MachineDrift, RefuseDriftIn
from oci.schemas.machines.machines import MachineDetail, MachineName
from oci.services.deploy import drift, looks

ALL = "/v1/clusters/<name>/drift"
ACCEPT = "demo --name motd --resource 'File[/etc/motd]' --reason 'ours, until the next release' --days 30"


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""

    @app.get(ALL, **operation(CLUSTER, "drift", answers(ClusterDrift, 404), "demo"))
    def cluster_drift(path: ClusterName) -> Response:
        """Show what differs on a cluster's machines from what Puppet was told"""
        return out(drift.cluster_drift(ctx(), path.name))

    @app.post(ALL, **operation(CLUSTER, "accept-drift", answers(ClusterDrift, 403, 404, 409), ACCEPT))
    def cluster_accept_drift(path: ClusterName, body: AcceptDriftIn) -> Response:
        """Accept drift under a name, with a reason, until a day"""
        return out(drift.accept(ctx(), path.name, body))

    @app.post(f"{ALL}/withdraw", **operation(CLUSTER, "refuse-drift", answers(ClusterDrift, 403, 404), "demo --name motd"))
    def cluster_refuse_drift(path: ClusterName, body: RefuseDriftIn) -> Response:
        """Accept some drift no longer"""
        return out(drift.refuse(ctx(), path.name, body))

    @app.get(f"{MACHINE}/drift", **operation(TAG, "drift", answers(MachineDrift, 404, 409), "compute1"))
    def machine_drift(path: MachineName) -> Response:
        """Show what differed on a machine at its last look from what Puppet was told"""
        return out(drift.machine_drift(ctx(), path.name))

    @app.post(f"{MACHINE}/drift", **operation(TAG, "look", answers(MachineDetail, 403, 404, 409), "compute1"))
    def machine_look(path: MachineName) -> Response:
        """Look for drift on an active machine now: Puppet runs dry, and changes nothing"""
        return out(looks.look(ctx(), path.name))
