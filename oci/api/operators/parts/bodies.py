"""JSON as it comes in: bounded in size and depth, strictly UTF-8, an object. And how models go out."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, request
from flask.json.provider import DefaultJSONProvider
from pydantic import BaseModel, ValidationError

from oci.problems import Problem, TooLarge
from oci.schemas.words import ErrorOut

BODY_BYTES = 1 << 20
DEPTH = 32


class UnsupportedType(Problem):
    status, code = 415, "unsupported-type"


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _depth(data: Any) -> int:
    """How deep `data` is nested, counted up to DEPTH + 1."""
    depth, level = 0, [data]
    while level and depth <= DEPTH:
        depth += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


class StrictJson(DefaultJSONProvider):
    """Flask's JSON, which refuses what is too deep or no JSON with a ValueError instead of a RecursionError."""

    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        text = s.decode("utf-8") if isinstance(s, bytes) else s
        try:
            data = json.loads(text, parse_constant=_refuse_constant)
        except RecursionError:
            raise ValueError(f"it is nested more than {DEPTH} deep") from None
        if _depth(data) > DEPTH:
            raise ValueError(f"it is nested more than {DEPTH} deep")
        return data


def check_body() -> None:
    """Refuse a body that no route could read. Raises Problem, TooLarge, UnsupportedType."""
    if (request.content_length or 0) > BODY_BYTES:
        raise TooLarge(f"the request is larger than {BODY_BYTES} bytes, which is the most that is read")
    data = request.get_data()
    if not data:
        return
    if request.mimetype != "application/json":
        raise UnsupportedType(f"a body of type {request.mimetype[:60]!r} is not read; send application/json")
    try:
        parsed = current_app.json.loads(data)
    except ValueError as error:  # UnicodeDecodeError is one too
        raise Problem(f"the body is not valid JSON in UTF-8: {str(error)[:120]}") from None
    if not isinstance(parsed, dict):
        raise Problem("the body must be a JSON object")


def invalid(error: ValidationError) -> Response:
    """Refuse what a schema does not allow, naming the members but never repeating their values."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    words = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" if e["loc"] else "a JSON object is needed" for e in found]
    raise Problem("; ".join(words[:5])[:480] + ". GET /openapi.json tells what is expected") from None


def out(model: BaseModel, status: int = 200) -> Response:
    """`model` as JSON."""
    return Response(model.model_dump_json() + "\n", status, mimetype="application/json")


def answers(model: type[BaseModel] | None, *also: int, status: int = 200) -> dict[Any, Any]:
    """Every answer of a route: `model` with `status`, and the errors, among them those of `also`."""
    errors = {str(code): _error(code) for code in sorted({400, 401, 413, 415, 503, *also})}
    return {str(status): model, **errors}


def _error(code: int) -> dict[str, Any]:
    """One error in the contract: a reference, because making the schema anew each time is slow."""
    return {
        "description": HTTPStatus(code).phrase,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorOut.__name__}"}}},
    }
