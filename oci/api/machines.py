"""The machines' listener: docs/reference/machine-protocol.md, sections 1 to 4. Nothing of the operators' is here."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, Response, current_app, request

from oci.api import errors, fast_parts
from oci.context import Actor, Ctx
from oci.domain.hardware import Probe
from oci.domain.levels import NOBODY
from oci.ports import OutsideError
from oci.problems import Problem, TooLarge
from oci.render.machine.boot import start
from oci.render.machine.orders import archive, given, lines
from oci.services.path import boots, polls, puppet, reports, works

PROBE_BYTES, ERROR_BYTES, PROBES = 1 << 20, 16384, 64
PACE = "OCI-Pace"
"""Header that says after how many seconds a machine polls again."""
MACHINE = Actor("machine", NOBODY)


def _ctx() -> Ctx:
    made = current_app.extensions["oci"]
    ctx: Ctx = made.ctx(MACHINE)
    return ctx


def _token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _source() -> str:
    return request.headers.get("X-Real-IP", request.remote_addr or "")[:64]


def _text(body: str) -> Response:
    return Response(body, mimetype="text/plain")


def _once(archive_body: bytes) -> Response:
    """An archive that is for one machine, and given out once."""
    return Response(archive_body, mimetype="application/octet-stream", headers={"Cache-Control": "no-store"})


def _percent() -> int:
    text = request.form.get("percent", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _at(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def read_report(req: Request) -> tuple[dict[str, Probe], str]:
    """The multipart report in `req`. Raises Problem or TooLarge."""
    found: dict[str, Probe] = {}
    names = [n for n in req.files if n.isascii() and n.isidentifier() and len(n) < 33]
    _refuse_parts(len(names), len(req.files))
    try:
        for name in names:
            found[name] = _probe(req, name)
    finally:
        for part in req.files.values():
            part.close()  # large parts are temporary files
    return found, req.form.get("hash", "")


def checked_report(files: dict[str, bytes], fields: dict[str, str]) -> tuple[dict[str, Probe], str]:
    """The report in the parts `files` and `fields`. Raises Problem or TooLarge."""
    names = [n for n in files if n.isascii() and n.isidentifier() and len(n) < 33]
    _refuse_parts(len(names), len(files))
    found = {}
    for name in names:
        if len(files[name]) > PROBE_BYTES:
            raise TooLarge(f"the output of probe {name} is larger than {PROBE_BYTES} bytes")
        error = files.get(f"{name}.err", b"")[:ERROR_BYTES]
        found[name] = Probe(files[name], error, _exit(fields.get(f"{name}.exit", "0")))
    return found, fields.get("hash", "")


def _refuse_parts(probes: int, files: int) -> None:
    if not probes or files > 2 * PROBES:
        raise Problem("a report is multipart/form-data with one file part per probe; see the machine protocol")


def _exit(code: str) -> int:
    return int(code) if code.isascii() and code.isdigit() and len(code) < 4 else -1


def _probe(req: Request, name: str) -> Probe:
    output = req.files[name].stream.read(PROBE_BYTES + 1)
    if len(output) > PROBE_BYTES:
        raise TooLarge(f"the output of probe {name} is larger than {PROBE_BYTES} bytes")
    part = req.files.get(f"{name}.err")
    error = part.stream.read(ERROR_BYTES) if part else b""
    return Probe(output, error, _exit(req.form.get(f"{name}.exit", "0")))


def _boot_routes(app: Flask) -> None:
    @app.get("/boot/start.ipxe")
    def start_script() -> Response:
        return _text(start(current_app.extensions["oci"].config.http_url))

    @app.get("/boot/script")
    def script() -> Response:
        args = request.args
        asker = boots.Asker(
            mac=args.get("mac", "").lower(),
            uuid=args.get("uuid", ""),
            serial=args.get("serial", ""),
            platform=args.get("platform", "pcbios"),
            arch=args.get("arch", ""),
            source=_source(),
        )
        return _text(boots.script(_ctx(), asker))

    @app.get("/boot/site.cpio")
    def site() -> Response:
        return _once(boots.site(_ctx(), request.args.get("boot", ""), _source()))

    @app.post("/boot/beacon")
    def early_beacon() -> tuple[str, int]:
        boots.early_beacon(_ctx(), request.args.get("boot", ""), request.args.get("phase", ""))
        return "", 204


def _agent_routes(app: Flask) -> None:
    def told(orders: works.Orders) -> Response:
        return _text(lines({"ACTION": orders.action, "HEARTBEAT": str(orders.heartbeat)}))

    @app.post("/agent/report")
    def report() -> Response:
        ctx, token = _ctx(), _token()
        # What curl writes is read as it stands; what a form parser makes of anything else is another matter.
        read = fast_parts.parts(request.get_data(parse_form_data=False), request.headers.get("Content-Type", ""))
        found, agent_hash = checked_report(*read) if read else read_report(request)
        if known := works.glance(ctx, token, agent_hash, reports.digest_of(found)):
            return told(known)
        reports.receive(ctx, token, found, agent_hash)
        return told(works.beat(ctx, token, agent_hash))

    @app.post("/agent/heartbeat")
    def heartbeat() -> Response:
        return told(works.beat(_ctx(), _token(), request.form.get("hash", "")[:64]))

    @app.post("/agent/claim")
    def claim() -> Response:
        facts = works.claim(_ctx(), _token(), request.form.get("action", ""))
        assert not isinstance(facts, Problem), "a use case raises what it returns"
        return _once(archive(given(facts)))


def _install_routes(app: Flask) -> None:
    @app.post("/install/phase")
    def phase() -> tuple[str, int]:
        form = request.form
        works.phase(_ctx(), _token(), form.get("phase", ""), _percent(), form.get("message", ""))
        return "", 204

    @app.post("/install/log")
    def log() -> tuple[str, int]:
        works.log(_ctx(), _token(), request.get_data()[: works.LOG_BYTES], _at(request.args.get("at", "")))
        return "", 204

    @app.post("/install/alive")
    def alive() -> tuple[str, int]:
        works.alive(_ctx(), _token(), request.form.get("doing", ""))
        return "", 204

    @app.post("/install/failed")
    def failed() -> tuple[str, int]:
        form = request.form  # both are contents of files, with the end of their line
        works.failed(_ctx(), _token(), form.get("phase", "").strip(), form.get("reason", "no reason given").strip())
        return "", 204

    @app.post("/install/done")
    def done() -> tuple[str, int]:
        works.done(_ctx(), _token())
        return "", 204

    @app.post("/install/wiped")
    def wiped() -> tuple[str, int]:
        works.wiped(_ctx(), _token())
        return "", 204

    @app.post("/firstboot/ready")
    def ready() -> Response:
        return _text(lines(puppet.challenge(_ctx(), _token())))


def _poll_routes(app: Flask) -> None:
    @app.post("/machine/poll")
    def poll() -> Response:
        form = request.form
        answer = polls.poll(_ctx(), _token(), _at(form.get("run", "")) or 0, form.get("doing", ""))
        told = _text(lines({answer.kind.upper(): str(answer.order)})) if answer.order else Response(status=204)
        told.headers[PACE] = str(answer.pace)
        return told

    @app.post("/machine/ended")
    def ended() -> tuple[str, int]:
        form = request.form
        status, number = _at(form.get("status", "")), _at(form.get("run", "")) or 0
        polls.end(_ctx(), _token(), number, -1 if status is None else status, form.get("words", ""), form.get("checks", ""))
        return "", 204


def create(made: Any) -> Flask:
    """The WSGI application of the machines' listener for the appliance `made`."""
    app = Flask("oci.machines", static_folder=None)
    app.extensions["oci"] = made
    app.config.update(MAX_CONTENT_LENGTH=made.config.report_bytes, MAX_FORM_PARTS=4 * PROBES, MAX_FORM_MEMORY_SIZE=1 << 20)
    errors.register(app)

    @app.errorhandler(OutsideError)
    def outside(error: OutsideError) -> tuple[str, int]:
        return f"{error}\n", 503

    _boot_routes(app)
    _agent_routes(app)
    _install_routes(app)
    _poll_routes(app)
    return app
