"""Revisions of a cluster by REST, with ocicli and on their pages, and who set a setting."""

# ruff: noqa: F811 (fixtures)

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import scene
from rest import open_listener, populate
from scene import HOSTILE, post, sign_in
from shipped import cloud_roles
from test_cli import home, ocicli  # noqa: F401 (fixtures)
from test_declarations_everywhere import GOOD

from oci.schemas.cloud.declarations import ApplyIn
from oci.schemas.clusters.networks import AddressIn, RangeIn
from oci.schemas.clusters.settings import SettingIn
from oci.schemas.machines.machines import AssignIn
from oci.services.cloud import declarations
from oci.services.clusters import addresses, networks, settings
from oci.services.machines import verbs

PATH = "/v1/clusters/d1/revisions"
MORE = f"{GOOD}settings: {{attempts: 7}}\n"


def change(world: Any) -> None:
    """What a person does by another verb."""
    networks.add_range(world.ctx(), "wire", RangeIn(first="10.90.0.100", last="10.90.0.110", use="reserved"))


@pytest.fixture
def rest(world):
    populate(world)
    return open_listener(world)


def test_by_rest(rest, world) -> None:
    assert rest.call("GET", PATH, "viewer").status_code == 404
    made = rest.call("POST", "/v1/declarations", "operator", json={"document": GOOD, "note": "one"}).json
    assert made["revision"] == 1
    assert rest.call("POST", "/v1/declarations", "operator", json={"document": GOOD, "note": "a\nb"}).status_code == 400
    assert rest.call("POST", "/v1/declarations", "operator", json={"document": GOOD, "note": "n" * 201}).status_code == 400
    change(world)
    assert "by other verbs (3 lines added)" in rest.call("GET", PATH, "viewer").json["since"]
    assert rest.call("POST", "/v1/declarations", "operator", json={"document": MORE}).json["revision"] == 3
    found = rest.call("GET", PATH, "viewer").json
    assert [(one["id"], one["kind"], one["note"]) for one in found["revisions"]] == [
        (3, "applied", ""),
        (2, "by verbs", ""),
        (1, "applied", "one"),
    ]
    shown = rest.call("GET", f"{PATH}/3?to=1", "viewer").json
    assert shown["compared"] == "with revision 1" and "+  attempts: '7'" in shown["difference"].split("\n")
    for query, status in (("to=9", 404), ("to=-1", 400), ("to=x", 400), (f"to={2**40}", 400), ("too=1", 400)):
        assert rest.call("GET", f"{PATH}/3?{query}", "viewer").status_code == status, query
    assert rest.call("GET", f"{PATH}?limit=0", "viewer").status_code == 400
    assert rest.call("POST", f"{PATH}/1/revert", "viewer", json={}).status_code == 403
    dry = rest.call("POST", f"{PATH}/1/revert", "operator", json={"dry_run": True}).json
    assert dry["changes"] and dry["revision"] is None
    done = rest.call("POST", f"{PATH}/1/revert", "operator", json={"note": "too many"}).json
    assert (done["revision"], done["back"], done["changes"]) == (4, 1, dry["changes"]) and "secret" in done["left"][-1]
    assert rest.call("POST", f"{PATH}/9/revert", "operator", json={}).status_code == 404
    assert rest.call("POST", f"{PATH}/0/revert", "operator", json={}).status_code == 400
    (told,) = [text for kind, _by, text in rest.events() if kind == "cluster.applied" and "goes back" in text]
    assert told.startswith("d1 goes back to revision 1: ")


def test_with_ocicli(ocicli, world, tmp_path) -> None:
    file = tmp_path / "cloud.yaml"
    file.write_text(GOOD)
    assert ocicli("cluster", "apply", "-f", str(file), "--note", "the first") == 0 and "revision 1 of d1" in ocicli.out
    assert ocicli("cluster", "apply", "-f", str(file)) == 0 and "nothing was changed" in ocicli.out
    assert "revision" not in ocicli.out
    change(world)
    assert ocicli("cluster", "revisions", "d1") == 0
    assert "the first" in ocicli.out and "It was changed since revision 1 by other verbs" in ocicli.out
    file.write_text(MORE)
    assert ocicli("cluster", "apply", "-f", str(file)) == 0 and "revision 3 of d1" in ocicli.out
    assert ocicli("cluster", "revision", "d1", "--id", "3") == 0
    assert "\n+  attempts: '7'\n" in ocicli.out and "\ncluster: d1\n" in ocicli.out and "with revision 2" in ocicli.out
    assert ocicli("cluster", "revision", "d1", "--id", "3", "--to", "0") == 0 and "no difference" in ocicli.out
    assert ocicli("cluster", "revert", "d1", "--id", "1", "--dry-run") == 0 and "attempts" in ocicli.out
    assert "This is revision" not in ocicli.out and "But no revision holds a secret" in ocicli.out
    assert ocicli("cluster", "revert", "d1", "--id", "1") == 0 and "This is revision 4 of d1. But no revision" in ocicli.out
    assert ocicli("cluster", "revert", "d1", "--id", "9") == 4 and "lists those that are kept" in ocicli.err
    assert ocicli("setting", "set", "attempts", "--cluster", "d1", "--value", "5") == 0
    ada = next(one for one in ocicli.json("setting", "list", "--cluster", "d1")["settings"] if one["name"] == "attempts")
    assert (ada["by"], ada["revision"]) == ("ada", None)


@pytest.fixture
def pages(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return scene.open_pages(world, monkeypatch)


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def complete(page: str) -> bool:
    """Whether each control of a page has a label, and each table a caption and heads with a scope."""
    labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
    controls = [one for one in re.findall(r"<(?:input|select|textarea)([^>]*)>", page) if 'type="hidden"' not in one]
    ids = {found.group(1) for one in controls if (found := re.search(r' id="([^"]+)"', one))}
    heads = page.count("<th") == page.count('scope="') + page.count("<thead")
    return ids <= labelled and len(ids) == len(controls) and page.count("<table") == page.count("<caption") and heads


def test_on_the_pages(pages, world) -> None:
    client, viewer = sign_in(pages, "olga"), sign_in(pages, "vera")
    assert "There is none yet" in text_of(client.get("/clusters/c1").text)
    assert "There are none yet" in text_of(client.get("/clusters/c1/revisions").text)
    made = post(client, "/declare", document=GOOD, note=HOSTILE, apply="1")
    assert made.status_code == 303
    change(world)
    page = client.get("/clusters/d1").text
    assert "It was changed since revision 1 by other verbs" in text_of(page) and html.escape("<script>alert(1)") in page
    assert post(client, "/clusters/d1", document=MORE, apply="1").status_code == 303
    page = viewer.get("/clusters/d1/revisions/3").text
    assert '<del><span class="visually-hidden">removed: </span>-    - first: 10.90.0.100' in page
    assert "added: +settings:" in text_of(page).replace("added:  +", "added: +") and 'id="revert"' not in page
    assert "there is no difference" in viewer.get("/clusters/d1/revisions/3?to=0").text
    for odd in ("x", "-1", "9" * 40, "²", "", "4294967296"):
        assert viewer.get(f"/clusters/d1/revisions/3?to={odd}").status_code == 200, odd
        assert viewer.get(f"/clusters/d1/revisions?before={odd}").status_code == 200, odd
    assert viewer.get("/clusters/d1/revisions/3?to=77").status_code == 404
    assert viewer.get("/clusters/d1/revisions/9").status_code == 404
    assert viewer.get("/clusters/d1/revisions/2/revert").status_code == 403
    assert 'id="revert"' in client.get("/clusters/d1/revisions/2").text
    before = declarations.export(world.ctx(), "d1").document
    page = client.get("/clusters/d1/revisions/1/revert").text
    assert complete(page) and all(
        complete(client.get(f"/clusters/d1{one}").text) for one in ("", "/revisions", "/revisions/3")
    )
    assert "Nothing is changed yet" in page and "no revision holds a secret" in page
    assert declarations.export(world.ctx(), "d1").document == before
    assert post(client, "/clusters/d1/revisions/1/revert", note="n" * 201).status_code == 400
    done = post(client, "/clusters/d1/revisions/1/revert", note="back again")
    assert done.status_code == 303 and done.location.endswith("/clusters/d1/revisions/4")
    page = client.get(done.location).text
    assert "d1 went back to revision 1, as revision 4" in text_of(page) and "back again" in page
    assert "all is so already" in client.get("/clusters/d1/revisions/1/revert").text
    assert post(client, "/clusters/d1/revisions/1/revert", note="").location.endswith("/clusters/d1")


def test_a_revert_that_cannot_be_shows_every_mistake(pages, world) -> None:
    client = sign_in(pages, "olga")
    taken = f"{GOOD}addresses:\n  sql: {{network: wire, address: 10.90.0.200}}\n"
    declarations.apply(
        world.ctx(),
        ApplyIn(document=taken.replace("0.90}", "0.90}\n    - {first: 10.90.0.200, last: 10.90.0.201, use: vip}")),
    )
    declarations.apply(world.ctx(), ApplyIn(document=GOOD))
    other = "cluster: d2\ndomain: d2.test\nnetwork: wire\nnetworks:\n  wire:\n    cidr: 10.90.0.0/24\n    ranges:\n"
    other += (
        "    - {first: 10.90.0.200, last: 10.90.0.201, use: vip}\naddresses:\n  sql: {network: wire, address: 10.90.0.200}\n"
    )
    declarations.apply(world.ctx(), ApplyIn(document=other))
    for answer in (client.get("/clusters/d1/revisions/1/revert"), post(client, "/clusters/d1/revisions/1/revert", note="")):
        assert answer.status_code == 422 and "It cannot be so any more" in answer.text and "addresses.sql" in answer.text


def test_the_page_of_settings_tells_who_and_by_which_revision(pages, world) -> None:
    declarations.apply(world.ctx(), ApplyIn(document=MORE))
    settings.set_setting(world.ctx(), "silence_seconds", SettingIn(value="900", cluster="d1"))
    world.clock.now += 3 * 86400
    page = sign_in(pages, "olga").get("/settings?cluster=d1").text
    rows = {name: text_of(row) for name, row in re.findall(r'<tr id="(\w+)">(.*?)</tr>', page, re.DOTALL)}
    assert "cluster d1 revision 1, by olga, 3 d ago" in rows["attempts"]
    assert (
        "cluster d1 by olga, 3 d ago" in rows["silence_seconds"] and " by " not in rows["install_seconds"].split("Change")[0]
    )


@pytest.fixture
def told_of(world):
    """A machine in a role, and its name."""
    world.outside(roles=dict(cloud_roles()))
    declarations.apply(world.ctx(), ApplyIn(document=MORE))
    verbs.enrol(world.ctx(), "52:54:00:77:09:01")
    order = AssignIn(cluster="d1", role="compute")
    networks.add_range(world.ctx(), "wire", RangeIn(first="10.90.0.210", last="10.90.0.211", use="vip"))
    addresses.hold_address(world.ctx(), "wire", AddressIn(vip="api", cluster="d1"))
    return verbs.assign(world.ctx(), "52:54:00:77:09:01", order).name


def test_an_explanation_by_rest_and_with_ocicli(ocicli, rest, told_of, world) -> None:
    rest.app.extensions["oci"] = world.appliance
    path = f"/v1/machines/{told_of}/explained"
    found = rest.call("GET", f"{path}?parameter=profile::base::domain", "viewer").json
    assert (found["value"], [one["name"] for one in found["facts"]]) == ('"d1.test"', ["domain"])
    assert rest.call("GET", f"{path}?parameter=profile::base::none", "viewer").status_code == 404
    assert rest.call("GET", path, "viewer").status_code == 400
    assert rest.call("GET", f"{path}?parameter=a%0Ab", "viewer").status_code == 400
    assert rest.call("GET", f"{path}?parameter=profile::base::domain", "nobody").status_code == 401
    assert ocicli("machine", "explain", told_of, "--parameter", "profile::nova::common::cloud.workers") == 0
    assert "api_workers" in ocicli.out and "default" in ocicli.out and "profile::nova::common::cloud.workers" in ocicli.out
    assert "It could not be without api.d1.test (provisioning)" in " ".join(ocicli.out.split())
    assert ocicli("machine", "explain", told_of, "--parameter", "profile::nova::common::log_level") == 4
    assert "profile::nova::common::cloud" in ocicli.err
    assert ocicli("machine", "classification", told_of) == 0 and "profile::base::domain," not in ocicli.out


def test_an_explanation_on_the_page(pages, world, told_of) -> None:
    pages.extensions["oci"] = world.appliance
    viewer = sign_in(pages, "vera")
    page = viewer.get(f"/machines/{told_of}?tab=puppet").text
    assert f'href="/machines/{told_of}/explained"' in page
    page = viewer.get(f"/machines/{told_of}/explained").text
    assert "parameter=profile::base::domain" in page.replace("%3A", ":")
    settings.set_setting(world.ctx(), "region", SettingIn(value="North", cluster="d1"))
    world.clock.now += 7200
    page = viewer.get(f"/machines/{told_of}/explained?parameter=profile::nova::common::cloud").text
    assert "cluster d1, by olga, 2 h ago" in text_of(page) and '"region": "North"' in html.unescape(page)
    assert complete(page) and "parameter=profile::nova::common::cloud.region" in page.replace("%3A", ":")
    assert "Without these the whole class could be given nothing" in page
    for odd in (HOSTILE, "x" * 600, "profile::base::", "\0", "a\nb"):
        answer = viewer.get(f"/machines/{told_of}/explained", query_string={"parameter": odd})
        assert answer.status_code == 404 and "<script>alert" not in answer.text, odd
    assert viewer.get("/machines/none/explained").status_code == 404
    assert viewer.get("/machines/machine-1/explained").status_code == 409, "it has no role"
