"""What the lab declares for its cloud is what the product takes, and in which order it brings it up."""

from __future__ import annotations

from lab.clouds.cloud import CLUSTER, MEMBERS, PUBLIC, document
from oci.schemas.cloud.declarations import ApplyIn
from oci.schemas.deploy.deployments import DeployIn
from oci.schemas.deploy.plans import PlanIn
from oci.services.cloud import declarations
from oci.services.clusters import networks
from oci.services.deploy import deployments, plans
from oci.services.machines import verbs


def test_the_lab_s_document_makes_a_cloud_whose_controller_comes_first(world) -> None:
    for member in MEMBERS:
        verbs.enrol(world.ctx(), member.mac)
    declarations.apply(world.ctx(), ApplyIn(document=document(MEMBERS)))
    assert declarations.apply(world.ctx(), ApplyIn(document=document(MEMBERS))).changes == []
    assert [one.use for one in networks.show_network(world.ctx(), PUBLIC).ranges] == ["floating"]
    begun = deployments.deploy(world.ctx(), CLUSTER, DeployIn(plan=plans.show_plan(world.ctx(), CLUSTER, PlanIn()).digest))
    assert [(step.machine.split(".")[0], step.wave, step.state) for step in begun.steps] == [
        ("controller1", 1, "running"),
        ("compute1", 2, "waiting"),
    ]
