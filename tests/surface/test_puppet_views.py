"""What people are shown of Puppet: the last runs and the classification, by REST, on the page and with ocicli."""

from __future__ import annotations

import pytest
import scene
from rest import open_listener, populate

from oci.app import APPLIANCE
from oci.domain.cluster.profiles import Profile, Secret
from oci.records.cloud import vault
from oci.render.puppet import enc
from oci.services.machines import verbs
from oci.services.path import puppet

NAME = "compute1.lab.test"
RUN = {"status": "changed", "metrics": {"time": {"total": 12.4}, "resources": {"changed": 3}}}


@pytest.fixture
def rest(world):
    populate(world)
    return open_listener(world)


def test_runs_and_classification_by_rest(world, rest) -> None:
    assert rest.call("GET", f"/v1/machines/{NAME}/runs", "viewer").json == {"runs": []}
    puppet.report(world.ctx(APPLIANCE), NAME, RUN)
    (run,) = rest.call("GET", f"/v1/machines/{NAME}/runs", "viewer").json["runs"]
    assert (run["status"], run["seconds"], run["metrics"]["resources"]) == ("changed", 12.4, {"changed": 3})
    told = rest.call("GET", f"/v1/machines/{NAME}/classification", "viewer")
    assert told.status_code == 200 and '"profile::base"' in told.json["text"] and told.json["revision"] > 0
    assert rest.call("GET", "/v1/machines/machine-2/classification", "viewer").status_code == 409
    for path in ("runs", "classification"):
        assert rest.call("GET", f"/v1/machines/nobody/{path}", "viewer").status_code == 404
        assert rest.call("GET", f"/v1/machines/{NAME}/{path}", "nobody").status_code == 401


def test_no_view_shows_a_secret(world, rest, monkeypatch) -> None:
    profile = Profile(lambda _fleet, _member: {"key": Secret("test.key")}, secrets=("test.key",))
    monkeypatch.setattr(enc, "PROFILES", {**enc.PROFILES, "profile::base": profile})
    monkeypatch.setattr(vault, "revealer", None)  # whoever asks for a secret fails
    assert '"key": "***"' in rest.call("GET", f"/v1/machines/{NAME}/classification", "viewer").json["text"]


def test_the_page_shows_runs_and_classification_and_hears_of_a_run_like_the_one_before(world, monkeypatch) -> None:
    pages = scene.open_pages(world, monkeypatch)
    name = scene.assign(world, "machine-1")
    client = scene.sign_in(pages, "ada")
    assert "No run has been reported" in client.get(f"/machines/{name}?tab=puppet").text
    puppet.report(world.ctx(APPLIANCE), name, RUN)
    page = client.get(f"/machines/{name}?tab=puppet").text
    assert "12 s" in page and "converged, changed" in page and "profile::base" in page
    where = page.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert client.get(where, headers={"HX-Request": "true"}).status_code == 204
    world.clock.now += 1800
    puppet.report(world.ctx(APPLIANCE), name, RUN)
    assert client.get(where, headers={"HX-Request": "true"}).text.count("<td>changed</td>") == 2
    verbs.unassign(world.ctx(), name)
    assert "Puppet is told nothing" in client.get("/machines/machine-1?tab=puppet").text
