"""What Puppet is told of a machine, explained: settings with who set them, secrets by name and age, facts of the cluster."""

# ruff: noqa: F811 (fixtures)

from __future__ import annotations

import pytest
from shipped import cloud_roles
from test_declarations import CLOUD, apply, rack  # noqa: F401

from oci.app import APPLIANCE
from oci.context import Actor
from oci.problems import Conflict, NotFound
from oci.schemas.clusters.settings import SettingIn
from oci.schemas.deploy.explained import ExplainedOut, ExplainQuery
from oci.services.clusters import settings
from oci.services.deploy import explained
from oci.services.machines import look
from oci.services.path import puppet

VIEWER = Actor("vera", "viewer")


@pytest.fixture
def cloud(rack):
    """A controller and two computes, whose document says how much they log."""
    rack.outside(roles=dict(cloud_roles()))
    apply(rack, CLOUD.replace("  ntp_servers: 10.77.0.5\n", "  ntp_servers: 10.77.0.5\n  log_level: debug\n"))
    return rack


def explain(world, parameter: str, machine: str = "2") -> ExplainedOut:
    return explained.explain(world.ctx(VIEWER), machine, ExplainQuery(parameter=parameter))


def test_a_setting_is_told_with_its_origin_and_its_revision(cloud) -> None:
    told = explain(cloud, "profile::nova::common::cloud.debug")
    ((one),) = told.facts
    assert (told.profile, told.value, one.kind, one.name, one.value) == (
        *("profile::nova::common", "true", "setting", "log_level", "debug"),
    )
    assert (one.origin, one.by, one.at, one.revision) == ("cluster demo", "olga", cloud.clock.now, 1)
    order = SettingIn(value="info", cluster="demo", role="compute")
    settings.set_setting(cloud.ctx(Actor("ada", "admin")), "log_level", order)
    told = explain(cloud, "profile::nova::common::cloud.debug")
    assert (told.value, told.facts[0].origin, told.facts[0].by, told.facts[0].revision) == (
        *("false", "role compute of cluster demo", "ada", None),
    )
    assert explain(cloud, "profile::nova::common::cloud.debug", "1").value == "true", "the controller is in another role"
    (region,) = explain(cloud, "profile::nova::common::cloud.region").facts
    assert (region.origin, region.by, region.at) == ("default", "", None)


def test_a_secret_is_told_by_name_and_age_alone(cloud) -> None:
    fqdn = look.show(cloud.ctx(), "2").fqdn
    (before,) = explain(cloud, "profile::nova::common::password").facts
    assert (before.name, before.at) == ("keystone.nova", None) and "not made yet" in before.origin
    puppet.equip(cloud.ctx(APPLIANCE), fqdn)
    text = puppet.classify(cloud.ctx(APPLIANCE), fqdn)
    secret = next(line.split('"')[-2] for line in text.splitlines() if '"placement_password"' in line)
    told = explain(cloud, "profile::nova::common::placement_password")
    assert (told.value, told.facts[0].value, told.facts[0].at) == ('"***"', "***", cloud.clock.now)
    host = explain(cloud, "profile::nova::common::certificate")
    assert [(one.kind, one.name, one.at) for one in host.facts] == [
        ("certificate", "host", cloud.clock.now),
        ("certificate", "cluster.ca", cloud.clock.now),
    ]
    names = puppet.preview_classification(cloud.ctx(VIEWER), "2").parameters
    for name in names:
        assert secret not in explain(cloud, name).model_dump_json()
    assert len(names) > 20 and "profile::base::hosts" in names


def test_facts_of_the_cluster_are_told_where_no_setting_is(cloud) -> None:
    told = {(one.kind, one.name): one.value for one in explain(cloud, "profile::base::hosts").facts}
    assert told["virtual address", "api.demo.test (provisioning)"] == "10.77.0.200"
    assert told["site", "puppet_server"] and told["machine", "addresses"] == "provisioning 10.77.0.12"
    rabbits = explain(cloud, "profile::nova::common::cloud.rabbits").facts
    assert [(one.kind, one.name, one.value) for one in rabbits] == [
        ("members", "profile::rabbitmq", "1 member: controller1"),
    ]


def test_what_is_not_there_is_refused_with_what_is(cloud) -> None:
    with pytest.raises(NotFound, match=r"profile::nova::common::cloud, .*ocicli machine classification"):
        explain(cloud, "profile::nova::common::log_level")
    with pytest.raises(NotFound, match="profile::base"):
        explain(cloud, "log_level")
    with pytest.raises(NotFound):
        explain(cloud, "profile::base::hosts", "99")
    with pytest.raises(Conflict, match="no role"):
        explain(cloud, "profile::base::hosts", "5")
    roles = dict(cloud.appliance.outside.roles)
    cloud.outside(roles={name: role for name, role in roles.items() if name != "compute"})
    with pytest.raises(Conflict, match="compute"):
        explain(cloud, "profile::base::hosts")
