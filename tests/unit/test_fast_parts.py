"""The parts of a report: read as the form parser reads them, or not at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from oci.api.fast_parts import parts

NAMES = st.text("abcxyz_.0123", min_size=1, max_size=8)
BODIES = st.one_of(
    st.binary(max_size=60), st.sampled_from((b"", b"\r\n", b"--b", b"\r\n--b", b"\r\n--b--", b"x\r\n--bb\r\n", b"\n--b\n"))
)
TYPE = "multipart/form-data; boundary=b"


def upload(files: list[tuple[str, bytes]], end: bytes = b"--\r\n") -> bytes:
    head = (
        b'--b\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\nContent-Type: application/octet-stream\r\n\r\n'
    )
    return b"".join(head % (n.encode(), n.encode()) + body + b"\r\n" for n, body in files) + b"--b" + end


def parsed(body: bytes) -> tuple[dict[str, bytes], dict[str, str]]:
    environ = EnvironBuilder(method="POST", data=body, content_type=TYPE).get_environ()
    request = Request(environ)
    files = {name: request.files[name].stream.read() for name in request.files}
    for _name, file in request.files.items(multi=True):
        file.close()
    return files, dict(request.form)


@given(st.lists(st.tuples(NAMES, BODIES), min_size=1, max_size=4), st.sampled_from((b"--\r\n", b"--", b"", b"\r\n", b"--x")))
def test_what_it_reads_is_what_the_form_parser_reads(files, end) -> None:
    body = upload(files, end)
    read = parts(body, TYPE)
    assert read is None or read == parsed(body)


@given(st.binary(max_size=200), st.text(max_size=60))
def test_anything_else_is_left_to_the_form_parser(body, content_type) -> None:
    assert parts(body, content_type) is None
    read = parts(b"--b" + body, TYPE)
    assert read is None or read == parsed(b"--b" + body)


def test_files_and_fields_as_curl_writes_them() -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="hash"\r\n\r\nabc\r\n'
    assert parts(field + upload([("ip", b"x\r\ny")]), TYPE) == ({"ip": b"x\r\ny"}, {"hash": "abc"})
    assert parts(field + field + upload([("ip", b"x")]), TYPE) is None, "a name that is there twice"
