"""The contract: valid, unchanged unless on purpose, and kept by every route under whatever is sent."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase
from openapi_spec_validator import OpenAPIV31SpecValidator
from rest import PASSWORD, SECOND, Rest, open_listener, populate

from oci.client.engine.contract import SHIPPED

GOLDEN = Path(__file__).parents[1] / "golden" / "openapi.json"
# Examples in all; every operation gets its share, at least one of each kind.
EXAMPLES = int(os.environ.get("OCI_EXAMPLES", "2000"))
METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture
def rest(world) -> Rest:
    populate(world)
    return open_listener(world)


def contract(rest: Rest) -> dict[str, Any]:
    document: dict[str, Any] = rest.client().get("/openapi.json").json
    return document


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation by its id."""
    return {
        told["operationId"]: (method, path, told)
        for path, item in document["paths"].items()
        for method, told in item.items()
        if method in METHODS
    }


def test_the_contract_is_valid_openapi_3_1(rest) -> None:
    document = contract(rest)
    assert document["openapi"].startswith("3.1")
    assert not [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()]


def test_the_contract_is_the_golden_one_and_the_shipped_one(rest) -> None:
    """`make golden` rewrites both; a change of the contract is then seen in review."""
    text = json.dumps(contract(rest), indent=1, sort_keys=True) + "\n"
    if os.environ.get("OCI_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text)
        SHIPPED.write_text(json.dumps(contract(rest), sort_keys=True, separators=(",", ":")) + "\n")
    assert GOLDEN.read_text() == text
    assert json.loads(SHIPPED.read_text()) == json.loads(text)


def test_the_contract_is_fetched_once_per_version(rest) -> None:
    first = rest.client().get("/openapi.json")
    again = rest.client().get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")


def test_every_operation_tells_its_errors_its_purpose_and_an_example(rest) -> None:
    for name, (_method, path, told) in operations(contract(rest)).items():
        assert {"400", "401"} <= set(told["responses"]), name
        assert told["summary"] and len(told["summary"]) < 90, name
        assert told.get("x-hidden") or told["x-example"].startswith("ocicli "), name
        for parameter in told.get("parameters", []):
            assert parameter["description"], f"{name}: {parameter['name']} of {path}"


def test_every_route_under_v1_is_in_the_contract(rest) -> None:
    known = {(method.upper(), path) for method, path, _ in operations(contract(rest)).values()}
    for rule in rest.app.url_map.iter_rules():
        if rule.rule.startswith("/v1"):
            path = rule.rule.replace("<", "{").replace(">", "}")
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                assert (method, path) in known


KNOWN = {
    "machines": ("1", SECOND, "compute1"),
    "clusters": ("c1",),
    "people": ("vera", "olga"),
    "networks": ("prov",),
    "tokens": ("1", "2", "400"),
    "settings": ("attempts", "ntp_servers", "root_password_hash"),
    "conflicts": ("1", "2", "400"),
}


DEEPER = {"first": "10.77.0.11", "address": "10.77.0.11"}


def _real(path: str, number: int) -> dict[str, str] | None:
    """Path parameters of something that exists; None for a path without any."""
    if "{" not in path:
        return None
    names = KNOWN[path.split("/")[2]]
    deeper = {name: value for name, value in DEEPER.items() if f"{{{name}}}" in path}
    return {"id" if "{id}" in path else "name": names[number % len(names)], **deeper}


def _plans(path: str, names: int) -> list[tuple[Any, dict[str, str] | None]]:
    """How an operation is asked: by right and by wrong words, of each of some names that exist, and of any.

    None comes twice: what is generated follows from the plan, so the second would only repeat the first.
    """
    from schemathesis import GenerationMode

    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    plans = [(mode, _real(path, n)) for mode in modes for n in range(names)] + [(GenerationMode.POSITIVE, None)]
    return [plan for number, plan in enumerate(plans) if plan not in plans[:number]]


def _attack(rest: Rest, operation: Any, share: int, names: int, seen: dict[str, int]) -> None:
    """Send `share` examples to one operation and check each answer against the contract."""
    from schemathesis.checks import load_all_checks, not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    load_all_checks()
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
        response_headers_conformance,
    ]
    headers = {"Authorization": f"Bearer {rest.tokens['admin']}"}

    def send(case: Any) -> None:
        rest.world.clock.now += 30  # so that not every sign-in meets the rate limit
        answer = case.call(headers=headers)
        seen[str(answer.status_code)] = seen.get(str(answer.status_code), 0) + 1
        case.validate_response(answer, checks=checks)

    plans = _plans(operation.path, names)
    for mode, real in plans:
        strategy = operation.as_strategy(generation_mode=mode, **({"path_parameters": real} if real else {}))
        settings = hypothesis.settings(
            max_examples=max(1, -(-share // len(plans))),
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )

        def one(case: Any) -> None:
            send(case)

        hypothesis.given(case=strategy)(settings(one))()


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_route_breaks_the_contract_under_generated_requests(rest, database) -> None:
    import schemathesis

    # What a value does to the other database is seen at the first name; to make examples costs more than to send them.
    examples, names = (EXAMPLES, 3) if database == "sqlite" else (EXAMPLES // 5, 1)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", rest.app)
    found = [result.ok() for result in schema.get_all_operations()]
    seen: dict[str, int] = {}
    for operation in found:
        _attack(rest, operation, -(-examples // len(found)), names, seen)
    print(f"schemathesis: {sum(seen.values())} examples over {len(found)} operations, answers {seen}")
    assert sum(seen.values()) >= examples, seen
    assert not any(status.startswith("5") for status in seen)


def test_the_password_of_the_tests_is_in_no_answer(rest) -> None:
    for path in ("/v1/people", "/v1/events", "/v1/jobs", "/v1/machines", "/v1/machines/1"):
        text = rest.call("GET", path).text
        assert PASSWORD not in text and "sesame" not in text and "argon2" not in text
