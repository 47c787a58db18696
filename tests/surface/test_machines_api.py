"""The machines' listener under bad input: a clear 4xx, nothing changed, an event where an operator should know."""

from __future__ import annotations

import gc
import io
import json

import pytest
from sqlalchemy import func, select

from oci import app
from oci.db import tables

MAC = "52:54:00:77:00:01"
HASH = "ab" * 32
HOSTILE = (
    "'; DROP TABLE machine; --",
    "$(touch /tmp/pwned)",
    "`id`",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "\x1b[31m",
    "a\nb",
    "../../etc/passwd",
)


@pytest.fixture
def web(world):
    return app.machines(world.appliance).test_client()


def boot(web, mac: str = MAC) -> str:
    script = web.get(f"/boot/script?mac={mac}&platform=pcbios").text
    archive = web.get("/boot/site.cpio?boot=" + script.split("oci.boot=")[1].split()[0]).data
    return archive.split(b"Bearer ")[1].split(b"\n")[0].decode()


def parts(mac: str = MAC, **more: bytes) -> dict[str, bytes]:
    ip = [{"ifname": "eth0", "address": mac, "link_type": "ether"}]
    return {"ip": json.dumps(ip).encode(), "firmware": b"bios\n", **more}


def post(web, token: str, probes: dict[str, bytes], hash: str = HASH):
    data = {name: (io.BytesIO(body), name) for name, body in probes.items()}
    return web.post("/agent/report", data={**data, "hash": hash}, headers={"Authorization": f"Bearer {token}"})


def count(world, table=tables.Machine) -> int:
    with world.appliance.make_session() as db:
        return db.scalar(select(func.count()).select_from(table))


def events(world) -> list[str]:
    with world.appliance.make_session() as db:
        return list(db.scalars(select(tables.Event.kind).order_by(tables.Event.id)))


def test_a_plain_report_is_taken(world, web) -> None:
    answer = post(web, boot(web), parts())
    assert answer.status_code == 200 and "ACTION='wait'" in answer.text
    assert count(world) == 1


def test_without_a_mac(world, web) -> None:
    answer = post(web, boot(web), {"firmware": b"bios\n"})
    assert answer.status_code == 400 and "network card" in answer.text
    assert count(world) == 0 and "report.refused" in events(world)


# werkzeug's test client leaves the temporary files of large uploads to the garbage collector
LARGE = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


@LARGE
def test_of_20_megabytes(world, web) -> None:
    answer = post(web, boot(web), parts(dmidecode=b"x" * 20_000_000))
    assert answer.status_code == 413 and count(world) == 0
    gc.collect()


@LARGE
def test_one_probe_of_two_megabytes(world, web) -> None:
    assert post(web, boot(web), parts(dmidecode=b"x" * 2_000_000)).status_code == 413
    gc.collect()


def test_invalid_utf8_is_data(world, web) -> None:
    assert post(web, boot(web), parts(dmidecode=b"\xff\xfe\x00\x80" * 100)).status_code == 200


def test_json_10000_deep(world, web) -> None:
    deep = b"[" * 10_000 + b"]" * 10_000
    answer = post(web, boot(web), parts(lsblk=deep))
    assert answer.status_code == 200
    with world.appliance.make_session() as db:
        problems = db.scalar(select(tables.Machine.inventory))["problems"]
    assert any("lsblk" in p for p in problems)
    assert post(web, boot(web, "52:54:00:77:00:09"), {"ip": deep}).status_code == 400


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_in_every_field(world, web, words) -> None:
    dmi = f"System Information\n\tManufacturer: {words}\n\tProduct Name: {words}\n\tSerial Number: {words}\n"
    lsblk = json.dumps(
        {"blockdevices": [{"name": words, "type": "disk", "size": 1 << 40, "serial": words, "model": words, "wwn": words}]}
    )
    answer = post(web, boot(web), parts(dmidecode=dmi.encode(), lsblk=lsblk.encode()))
    assert answer.status_code == 200
    assert count(world) == 1
    live = web.get(f"/boot/script?mac={MAC}").text.split("oci.boot=")[1].split()[0]
    web.get(f"/boot/site.cpio?boot={live}")
    for form in ({"phase": words}, {"phase": "live", "message": words}):
        query = {"boot": live, **form}
        assert web.post("/boot/beacon", query_string=query).status_code == (204 if form["phase"] == "live" else 400)
    assert web.get("/boot/script", query_string={"mac": words}).status_code == 400
    assert web.get("/boot/script", query_string={"mac": MAC, "serial": words, "uuid": words}).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic abc", "Bearer " + "x" * 5000])
def test_wrong_tokens(world, web, header) -> None:
    for path in ("/agent/report", "/agent/heartbeat", "/agent/claim"):
        answer = web.post(path, data={"ip": (io.BytesIO(b"[]"), "ip"), "hash": HASH}, headers={"Authorization": header})
        assert answer.status_code == 401, path
    for path in ("/install/phase", "/install/done", "/install/wiped", "/install/failed", "/firstboot/ready"):
        assert web.post(path, data={"phase": "check"}, headers={"Authorization": header}).status_code == 410, path
    assert "token.refused" in events(world)


def test_a_replayed_boot_archive(world, web) -> None:
    script = web.get(f"/boot/script?mac={MAC}").text
    url = "/boot/site.cpio?boot=" + script.split("oci.boot=")[1].split()[0]
    assert web.get(url).status_code == 200
    assert web.get(url).status_code == 410
    assert "boot.replayed" in events(world)


def test_machine_as_report_with_machine_bs_token(world, web) -> None:
    token_a, token_b = boot(web), boot(web, "52:54:00:77:00:02")
    assert post(web, token_a, parts()).status_code == 200
    assert post(web, token_b, parts("52:54:00:77:00:02")).status_code == 200
    assert post(web, token_b, parts()).status_code == 409
    assert count(world) == 2


def test_a_report_that_is_no_form(world, web) -> None:
    token = boot(web)
    for body, kind in ((b"{}", "application/json"), (b"\xff" * 100, "multipart/form-data; boundary=x"), (b"", None)):
        answer = web.post("/agent/report", data=body, content_type=kind, headers={"Authorization": f"Bearer {token}"})
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "path", ["/enc/compute1.lab.test", "/autosign/compute1.lab.test", "/puppet-report/compute1.lab.test"]
)
def test_puppet_is_not_answered_over_tcp(world, web, path) -> None:
    people = app.operators(world.appliance).test_client()
    for client in (web, people):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code in (404, 405)


def test_nothing_of_the_operators_is_on_the_machines_listener(world, web) -> None:
    for path in ("/", "/signin", "/v1/machines", "/openapi.json", "/machines"):
        assert web.get(path).status_code == 404


def test_without_images_the_boot_is_told_why(world) -> None:
    world.images.built = False
    answer = app.machines(world.appliance).test_client().get(f"/boot/script?mac={MAC}")
    assert answer.status_code == 503 and "oci-admin image build" in answer.text
