"""What the report processor tells of a dry run: what differs, bounded, and no value that may be a secret."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.ground.checkout import CHECKOUT
from oci.domain.deploy import drift

PROCESSOR = CHECKOUT / "puppet/site/oci/lib/puppet/reports/oci.rb"
TELLER = Path(__file__).with_name("report_teller.rb")
SECRET = "Sesame-4711"
pytestmark = pytest.mark.skipif(not shutil.which("ruby"), reason="ruby is not installed")


def event(property_: str, is_: Any, should: Any, status: str = "noop", **more: Any) -> dict[str, Any]:
    return {"property": property_, "previous_value": is_, "desired_value": should, "status": status, **more}


def resource(title: str, *events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resource": title, "file": "/etc/puppet/site.pp", "line": 7, "events": list(events), **more}


def told(*resources: dict[str, Any], noop: bool = True) -> tuple[dict[str, Any], str]:
    """What is told of them, read and as text."""
    text = json.dumps({"noop": noop, "resources": list(resources)})
    done = subprocess.run(
        ["ruby", str(TELLER), str(PROCESSOR)], input=text, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout), done.stdout


@pytest.mark.parametrize(
    "planted",
    [
        event("content", "{sha256}" + "a" * 64, f"password = {SECRET}\n"),
        event("content", SECRET, SECRET),
        event("value", SECRET, f"mysql://nova:{SECRET}@db/nova"),
        event("password_hash", "*" + SECRET, [SECRET]),
        event("ensure", {"a": SECRET}, [SECRET, "b"]),
        event("mode", SECRET * 20, "0644"),
        event("owner", SECRET, SECRET, redacted=True),
        event("message", SECRET, SECRET, message=f"changed to {SECRET}"),
    ],
)
def test_no_planted_secret_is_told(planted: dict[str, Any]) -> None:
    data, text = told(resource("File[/etc/a]", planted))
    assert "Sesame" not in text and drift.DIFFERS in text
    (found,) = drift.read(data).differences
    assert (found.resource, found.property, found.place) == ("File[/etc/a]", planted["property"], "/etc/puppet/site.pp:7")


def test_what_is_told_is_what_is_read() -> None:
    events = [
        event("mode", "0666", "0644"),
        event("ensure", "absent", "file"),
        event("uid", 0, 33),
        event("enable", False, True),
    ]
    done = event("owner", "root", "nova", status="success")
    data, _ = told(resource("File[/b]", *events, done), resource("Exec[a]", event("returns", "notrun", ["0"]), file=None))
    assert data["differing"] == 5 and [one["resource"] for one in data["differences"]] == ["Exec[a]"] + ["File[/b]"] * 4
    values = [(one.property, one.has, one.should) for one in drift.read(data).differences]
    assert values == [
        ("returns", "notrun", "0"),
        ("enable", "false", "true"),
        ("ensure", "absent", "file"),
        ("mode", "0666", "0644"),
        ("uid", "0", "33"),
    ]


def test_a_run_that_changes_something_tells_no_differences() -> None:
    data, _ = told(resource("File[/b]", event("mode", "0666", "0644")), noop=False)
    assert (data["differences"], data["differing"]) == ([], 0)


def test_of_too_many_the_first_by_name_are_told_and_all_are_counted() -> None:
    data, text = told(*(resource(f"File[{n:04}{'x' * 900}]", event("mode", "0", "1")) for n in reversed(range(900))))
    assert data["differing"] == 900 and len(text) <= 256 * 1024
    assert [one["resource"][5:9] for one in data["differences"]] == [f"{n:04}" for n in range(drift.MOST_DIFFERENCES)]
    assert drift.read(data).more == 700


def test_a_resource_without_a_place_is_told_with_what_holds_it() -> None:
    data, _ = told(
        resource("File[/b]", event("mode", "0", "1"), file=None, line=None, containment_path=["Stage[main]", "Base"])
    )
    assert data["differences"][0]["place"] == "Stage[main]/Base"
