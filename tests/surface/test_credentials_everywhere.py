"""The way in to a cloud by REST, with ocicli, and as OpenStack's own client reads it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import clouds
import pytest
import scene
from openstack.config import OpenStackConfig
from openstack.exceptions import ConfigException
from rest import open_listener
from scene import post, sign_in
from test_cli import home, ocicli  # noqa: F401 (fixtures)

WAY = "/v1/clusters/cloud/credentials"


@pytest.fixture
def password(world: Any) -> str:
    return clouds.deploy(world)


@pytest.fixture
def rest(world: Any, password: str) -> Any:
    return open_listener(world)


def test_by_rest(rest: Any, password: str) -> None:
    answer = rest.call("POST", WAY, "operator", json={})
    assert answer.status_code == 200 and password in answer.json["clouds"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert rest.call("POST", WAY, "viewer", json={}).status_code == 403
    assert rest.call("POST", WAY, "nobody", json={}).status_code == 401
    assert rest.call("GET", WAY, "operator").status_code == 405, "nobody gets them by following a link"
    assert rest.call("POST", WAY, "operator", json={"directory": "/a\nb"}).status_code == 400
    assert [actor for kind, actor, _text in rest.events() if kind == "credentials.given"] == ["olga"]


def test_with_ocicli(ocicli: Any, password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.chdir(tmp_path)
    assert ocicli("cluster", "credentials", "cloud") == 2 and "--directory DIRECTORY" in ocicli.err
    assert ocicli("cluster", "credentials", "cloud", "--directory", "own") == 0, ocicli.err
    assert password not in ocicli.out + ocicli.err and "https://api.cloud.test/horizon/" in ocicli.out
    folder = tmp_path / "own"
    assert stat.S_IMODE((folder / "clouds.yaml").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == ["ca.pem", "clouds.yaml"], "no draft is left"
    assert f'cacert: "{folder}/ca.pem"' in (folder / "clouds.yaml").read_text()
    assert ocicli("cluster", "credentials", "cloud", "--directory", "own") == 0, "the same again is no other"
    assert password in ocicli.json("cluster", "credentials", "cloud")["clouds"]
    told = ocicli.json("cluster", "credentials", "cloud", "--directory", str(folder))
    assert "clouds" not in told and told["written"] == [f"{folder}/ca.pem", f"{folder}/clouds.yaml"]


def test_another_file_is_replaced_by_force_alone(ocicli: Any, password: str, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "clouds.yaml").write_text("clouds: {mine: {}}\n")
    assert ocicli("cluster", "credentials", "cloud", "--directory", str(tmp_path)) == 5
    assert "clouds.yaml is there and says something else" in ocicli.err and "--force" in ocicli.err
    assert (tmp_path / "clouds.yaml").read_text() == "clouds: {mine: {}}\n" and not (tmp_path / "ca.pem").exists()
    assert not list(tmp_path.glob(".c*")), "no draft is left"
    assert ocicli("cluster", "credentials", "cloud", "--directory", str(tmp_path), "--force") == 0
    assert password in (tmp_path / "clouds.yaml").read_text()
    assert ocicli("cluster", "credentials", "cloud", "--directory", str(tmp_path / "no" / "such")) == 5
    assert "cannot be written" in ocicli.err


def test_on_the_page(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = scene.open_pages(world, monkeypatch)
    client = sign_in(pages, "olga")
    assert "Use the cloud" in client.get("/clusters/c1").text
    refused = post(client, "/clusters/c1/credentials", file="clouds.yaml")
    assert refused.status_code == 303 and "no virtual address called api" in client.get(refused.location).text
    secret = clouds.deploy(world)
    pages.extensions["oci"] = world.appliance
    assert secret not in client.get("/clusters/cloud").text
    file = post(client, "/clusters/cloud/credentials", file="clouds.yaml")
    assert secret in file.text and "~/.config/openstack/ca.pem" in file.text
    assert file.headers["Cache-Control"] == "no-store" and "attachment" in file.headers["Content-Disposition"]
    ca = post(client, "/clusters/cloud/credentials", file="ca.pem").text
    assert ca.startswith("-----BEGIN CERTIFICATE-----") and secret not in ca
    viewer = sign_in(pages, "vera")
    assert "Use the cloud" not in viewer.get("/clusters/cloud").text
    assert post(viewer, "/clusters/cloud/credentials", file="clouds.yaml").status_code == 403
    assert post(client, "/clusters/none/credentials").status_code == 404


def test_openstacks_own_client_reads_it(
    ocicli: Any,  # noqa: F811
    password: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ocicli("cluster", "credentials", "cloud", "--directory", str(tmp_path / "own")) == 0
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path / "own")

    def region(**keywords: Any) -> Any:
        return OpenStackConfig(config_files=["clouds.yaml"], secure_files=[], vendor_files=[]).get_one(**keywords)

    found = region(cloud="cloud")
    assert found.get_auth_args()["password"] == password and found.region_name == "RegionOne"
    assert found.get_requests_verify_args() == (f"{tmp_path}/own/ca.pem", None)
    # What docs/howto/use-the-cloud.md warns of: some keywords are dropped without a word beside a named cloud.
    other = region(cloud="cloud", password="other", auth_url="https://other.test", project_name="mine").get_auth_args()
    assert other["password"] == password and other["auth_url"] == "https://api.cloud.test/identity"
    assert other["project_name"] == "mine"
    with pytest.raises(ConfigException, match="south is not a valid region name"):
        region(cloud="cloud", region_name="south")
    # A stray variable makes a second cloud, of which nobody knows: then the name has to be said.
    monkeypatch.setenv("OS_PASSWORD", "stray")
    assert region(cloud="cloud").get_auth_args()["password"] == password
    assert set(OpenStackConfig(config_files=["clouds.yaml"]).get_cloud_names()) == {"cloud", "envvars"}
