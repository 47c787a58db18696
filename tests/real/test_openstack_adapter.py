"""The adapter to clouds, with OpenStack's own library, against a few replies over TLS: what it says, to whom, and what of it
is written down."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pretended_cloud import CONSOLE_KEY, NAME, PASSWORD, TOKEN, Running

from oci.adapters.cloud.openstack import OpenStackClouds
from oci.domain.cloud.access import Access
from oci.ports import CloudRefused, OutsideError

SECRETS = (PASSWORD, TOKEN, CONSOLE_KEY)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path, now=time.time())
    yield made
    made.end()


def access(running: Running, **other: str) -> Access:
    front = running.cloud.front
    given = {
        "cluster": "cloud",
        "name": NAME,
        "address": "127.0.0.1",
        "region": "RegionOne",
        "auth_url": f"{front}/identity",
        "dashboard": f"{front}/horizon/",
        "ca": running.cloud.ca,
        "password": PASSWORD,
        **other,
    }
    return Access(**given)


def opened(running: Running, **other: str):
    return OpenStackClouds().open(access(running, **other))


def test_a_whole_check_speaks_with_the_front_by_name_at_its_address_and_leaves_nothing(running: Running) -> None:
    cloud, held = opened(running), running.cloud
    assert set(cloud.endpoints()) == {"identity", "image", "compute", "network", "placement"}
    for url in cloud.endpoints().values():
        cloud.answers(url)
    assert cloud.services() == {"compute1": "", "compute3": ""} and cloud.outside() == ""
    kernel = cloud.make("image", "oci-check-1-kernel", {"format": "aki", "data": b"kernel" * 1000})
    image = cloud.make(
        "image", "oci-check-1", {"format": "raw", "data": b"\0" * 512, "properties": {"kernel_id": kernel.id}}
    )
    assert (kernel.state, image.state) == ("ready", "ready") and held.uploads["oci-check-1-kernel"] == b"kernel" * 1000
    assert held.things["images"][image.id]["kernel_id"] == kernel.id
    flavor = cloud.make("flavor", "oci-check-1", {"ram": 256, "vcpus": 1, "disk": 1})
    network = cloud.make("network", "oci-check-1", {})
    subnet = cloud.make("subnet", "oci-check-1", {"network": network.id, "cidr": "192.0.2.0/24"})
    group = cloud.make("group", "oci-check-1", {"protocols": ("icmp",)})
    assert [rule["protocol"] for rule in held.things["security-group-rules"].values()] == ["icmp"]
    router = cloud.make("router", "oci-check-1", {"subnet": subnet.id, "outside": ""})
    port = cloud.make("port", "oci-check-1-compute1", {"network": network.id, "group": group.id})
    assert port.facts["addresses"] == ["192.0.2.11"]
    wanted = {"image": image.id, "flavor": flavor.id, "port": port.id, "host": "compute1", "user_data": "eA=="}
    server = cloud.make("server", "oci-check-1-compute1", wanted)
    assert server.state == "ready" and server.facts["host"] == "compute1"
    assert held.things["servers"][server.id]["networks"] == [{"port": port.id}]
    far = cloud.make("server", "oci-check-1-compute3", {**wanted, "host": "compute3"})
    assert far.facts["host"] == "compute3.cloud.test", "Nova's own name of the host"
    cloud.drop("server", far.id)
    assert "lease 192.0.2.11" in cloud.log(server.id)
    floating = cloud.make("floating", "oci-check-1-compute1", {"outside": "n", "port": port.id})
    assert floating.name == "oci-check-1-compute1" and floating.facts["address"] == "203.0.113.7"
    assert cloud.make("server", "oci-check-1-compute1", wanted).id == server.id, "it is found again by its name"
    for kind, thing in (
        ("floating", floating),
        ("server", server),
        ("router", router),
        ("port", port),
        ("subnet", subnet),
        ("network", network),
        ("group", group),
        ("flavor", flavor),
        ("image", image),
        ("image", kernel),
    ):
        assert [one.id for one in cloud.find(kind, "oci-check-1")].count(thing.id) == 1, kind
        assert cloud.look(kind, thing.id) is not None
        cloud.drop(kind, thing.id)
        cloud.drop(kind, thing.id)
        assert cloud.look(kind, thing.id) is None and not [one for one in cloud.find(kind, "oci-check-1") if one == thing]
    assert {host for _method, _path, host in held.asked} == {f"{NAME}:{held.port}"}


def test_no_secret_is_written_down_however_much_is_logged(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    cloud = opened(running)
    cloud.endpoints()
    server = cloud.make("server", "s", {"image": "i", "flavor": "f", "port": "p", "host": "compute1", "user_data": ""})
    url = cloud.console(server.id)
    cloud.log(server.id)
    assert url.endswith("/console/vnc_lite.html")
    running.cloud.refuse = {"/networks": 403}
    with pytest.raises(CloudRefused) as refused:
        cloud.find("network", "x")
    everything = caplog.text + repr(access(running)) + str(refused.value) + url
    assert "refused, *** or not" in str(refused.value), "a cloud may say anything"
    assert not [secret for secret in SECRETS if secret in everything]


def test_a_named_cloud_and_the_environment_of_whoever_runs_it_count_for_nothing(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "clouds: {envvars: {}, cloud: {auth: {auth_url: 'https://other.test', username: x, password: y}}}\n"
    (tmp_path / "clouds.yaml").write_text(other)
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "OS_CLOUD": "cloud",
        "OS_PASSWORD": "stray",
        "OS_AUTH_URL": "https://other.test",
        "OS_CACERT": "/none",
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "REQUESTS_CA_BUNDLE": "/none",
    }.items():
        monkeypatch.setenv(name, value)
    assert "compute" in opened(running).endpoints()
    assert "compute1" in opened(running).services()


def test_what_is_refused_is_told_apart_from_what_may_go_well_another_time(running: Running) -> None:
    with pytest.raises(CloudRefused, match=r"signing in failed: .*requires authentication"):
        opened(running, password="wrong").endpoints()
    cloud = opened(running)
    cloud.endpoints()
    for status, kind in ((403, CloudRefused), (400, CloudRefused), (409, OutsideError), (503, OutsideError)):
        running.cloud.refuse = {"/networks": status}
        with pytest.raises(OutsideError) as refused:
            cloud.make("network", "oci-check-1", {})
        assert type(refused.value) is kind, status
    running.cloud.refuse, running.cloud.servers, running.cloud.down = {}, "ERROR", ("compute2",)
    wanted = {"image": "i", "flavor": "f", "port": "p", "host": "compute1", "user_data": ""}
    broken = cloud.make("server", "s", wanted)
    assert broken.state == "broken" and broken.facts["fault"] == "No valid host was found."
    assert cloud.services()["compute2"] == "the compute service of compute2 is down"


def test_a_front_without_a_service_behind_it_is_no_answer(running: Running) -> None:
    cloud = opened(running)
    running.cloud.refuse = {"/placement": 503}
    with pytest.raises(OutsideError, match="its front says 503"):
        cloud.answers(f"{running.cloud.front}/placement")
    running.cloud.refuse = {"/placement": 401}
    cloud.answers(f"{running.cloud.front}/placement")


@pytest.mark.parametrize("lie", [{"networks": [17]}, {"networks": {"a": 1}}, {"networks": None}, [], 17, "text"])
def test_an_answer_that_is_none_of_openstacks_is_told_and_tried_again(running: Running, lie: object) -> None:
    cloud = opened(running)
    running.cloud.lies = {"/networks": lie}
    try:
        assert cloud.find("network", "oci-check-") == []
    except OutsideError as told:
        assert not isinstance(told, CloudRefused) and "the list of each network did not come" in str(told)


def test_an_image_that_was_uploaded_in_part_is_uploaded_again(running: Running) -> None:
    cloud = opened(running)
    running.cloud.made("images", {"name": "oci-check-1"})
    with pytest.raises(OutsideError, match="uploaded in part"):
        cloud.make("image", "oci-check-1", {"format": "raw", "data": b"x"})
    assert cloud.make("image", "oci-check-1", {"format": "raw", "data": b"x"}).state == "ready"


def test_a_front_with_another_name_or_ca_is_not_spoken_with(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Running(tmp_path / "other", names=("other.test", "127.0.0.1"), now=time.time())
    true = Running(tmp_path, now=time.time())
    try:
        with pytest.raises(OutsideError, match="signing in failed"):
            opened(other).endpoints()
        with pytest.raises(CloudRefused, match="shows a certificate that is not the cluster's"):
            opened(other).answers(f"{other.cloud.front}/image")
        with pytest.raises(OutsideError, match="signing in failed"):
            opened(true, ca=other.cloud.ca).endpoints()
        with pytest.raises(CloudRefused, match="no address over TLS"):
            opened(true).answers("http://api.cloud.test/image")
    finally:
        other.end()
        true.end()
    assert not [path for _method, path, _host in (*other.cloud.asked, *true.cloud.asked) if "tokens" in path]
    true.cloud.refuse = {}
    with pytest.raises(OutsideError, match="does not answer"):
        opened(true).answers(f"{true.cloud.front}/image")


def test_the_library_is_imported_when_a_cloud_is_asked_and_not_before() -> None:
    code = "import sys, oci.app, oci.worker, oci.client.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert not {"openstack", "keystoneauth1", "stevedore"} & set(done.stdout.split())
