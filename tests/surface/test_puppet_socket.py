"""What comes and goes on the Puppet server's socket is what both languages read the same."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from oci.api.puppet import _report
from oci.app import puppet
from oci.problems import Problem
from oci.schemas.activity.events import EventQuery
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import NetworkIn
from oci.schemas.machines.machines import AssignIn
from oci.services.activity import events
from oci.services.clusters import clusters, networks
from oci.services.machines import verbs

NAME = "compute1.lab.test"


@pytest.fixture
def client(world):
    networks.create_network(world.ctx(), NetworkIn(name="prov", cidr="10.77.0.0/24", first="10.77.0.11", last="10.77.0.20"))
    clusters.create_cluster(world.ctx(), ClusterIn(name="2025-1-5", domain="lab.test", network="prov"))
    verbs.enrol(world.ctx(), "52:54:00:77:02:01")
    verbs.assign(world.ctx(), "1", AssignIn(cluster="2025-1-5", role="compute"))
    return puppet(world.appliance).test_client()


def test_a_cluster_called_like_a_date_stays_text(client) -> None:
    answer = client.get(f"/enc/{NAME}")
    assert answer.status_code == 200 and answer.data.isascii()
    assert '"oci_cluster": "2025-1-5"' in answer.text
    assert yaml.safe_load(answer.text)["parameters"]["oci_cluster"] == "2025-1-5"


def test_a_classification_that_cannot_be_made_says_why(world, client) -> None:
    world.outside(roles={})
    answer = puppet(world.appliance).test_client().get(f"/enc/{NAME}")
    assert answer.status_code == 409 and "the role 'compute' has no role file" in answer.json["message"]
    world.set(ca_certificates={"site": "/none.pem"})
    answer = puppet(world.appliance).test_client().get(f"/enc/{NAME}")
    assert answer.status_code == 503 and "the CA certificate site" in answer.json["message"]


@pytest.mark.parametrize(
    "body",
    [
        rb'{"status":"failed","failed_resources":[{"resource":"File[/a\ud800]"}]}',
        rb'{"status":"failed","metrics":{"\udfff":"\ud83d"}}',
        rb'{"status":"failed","metrics":{"a":NaN,"b":-Infinity,"c":1e999}}',
    ],
)
def test_a_report_that_only_python_can_read_is_stored_as_all_can(world, client, body) -> None:
    assert client.post(f"/puppet-report/{NAME}", data=body).status_code == 204
    (found,) = events.list_events(world.ctx(), EventQuery(kind="puppet.report")).events
    text = json.dumps(found.model_dump(), ensure_ascii=False, allow_nan=False)
    assert text.encode() and "failed" in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
)


@given(st.dictionaries(st.text(st.characters(codec=None, exclude_categories=())), JSON, max_size=4))
def test_any_report_is_what_every_reader_takes(data) -> None:
    found = _report(json.dumps(data).encode())
    json.dumps(found, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b'"x"', b"[" * 100_000, b"\xff"])
def test_what_is_no_report(body) -> None:
    with pytest.raises(Problem, match="a JSON object"):
        _report(body)
