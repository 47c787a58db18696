"""The way in to a cloud: who is given it, what is told of that, and what is in the way."""

from __future__ import annotations

import clouds
import pytest
import yaml
from sqlalchemy import select

from oci.context import Actor
from oci.db import tables
from oci.problems import Conflict, Forbidden, NotFound
from oci.schemas.cloud.credentials import CredentialsIn
from oci.schemas.clusters.settings import SettingIn
from oci.services.cloud import credentials
from oci.services.clusters import settings

HERE = CredentialsIn()


def given(world, order: CredentialsIn = HERE):
    return credentials.give(world.ctx(), "cloud", order)


def test_they_name_the_front_its_ca_and_the_region_in_force(world) -> None:
    password = clouds.deploy(world)
    told = given(world, CredentialsIn(directory="/home/olga/.config/openstack/"))
    assert told.dashboard == "https://api.cloud.test/horizon/"
    assert yaml.safe_load(told.clouds)["clouds"] == {
        "cloud": {
            "auth": {
                "auth_url": "https://api.cloud.test/identity",
                "username": "admin",
                "password": password,
                "project_name": "admin",
                "user_domain_id": "default",
                "project_domain_id": "default",
            },
            "region_name": "RegionOne",
            "identity_api_version": "3",
            "interface": "public",
            "cacert": "/home/olga/.config/openstack/ca.pem",
        }
    }
    with world.appliance.make_session() as db:
        assert told.ca == db.scalar(select(tables.Authority.root))
    settings.set_setting(world.ctx(), "region", SettingIn(cluster="cloud", value="north"))
    again = yaml.safe_load(given(world).clouds)["clouds"]["cloud"]
    assert again["region_name"] == "north" and again["cacert"] == "ca.pem"


def test_an_event_names_who_asked_and_nothing_holds_the_password(world, caplog) -> None:
    caplog.set_level("DEBUG")
    password = clouds.deploy(world)
    told = given(world)
    with world.appliance.make_session() as db:
        rows = [db.execute(select(table)).all() for table in tables.Table.metadata.sorted_tables]
        event = db.scalar(select(tables.Event).where(tables.Event.kind == "credentials.given"))
    assert event is not None and event.actor == "olga" and "cluster cloud" in event.text
    assert password in told.clouds
    assert password not in repr(rows) and password not in caplog.text
    assert password not in told.model_dump_json(exclude={"clouds"})


def test_a_viewer_is_not_given_them_and_nobody_is_told_of_an_event_that_did_not_happen(world) -> None:
    clouds.deploy(world)
    with pytest.raises(Forbidden, match=r"cluster\.credentials needs the level operator"):
        credentials.give(world.ctx(Actor("vera", "viewer")), "cloud", HERE)
    with world.appliance.make_session() as db:
        assert db.scalar(select(tables.Event).where(tables.Event.kind == "credentials.given")) is None


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"vip": False}, "has no virtual address called api, by which its services are reached; give it one"),
        ({"roles": ("compute",)}, "no machine of the cluster cloud has the profile profile::keystone"),
        ({}, "the cluster cloud has no administrator yet: .* deploy the cluster, then ask again"),
    ],
)
def test_a_cluster_that_is_no_cloud_says_why_and_what_instead(world, told, words) -> None:
    clouds.declare(world, **told)
    with pytest.raises(Conflict, match=words):
        given(world)
    with pytest.raises(NotFound):
        credentials.give(world.ctx(), "none", HERE)
