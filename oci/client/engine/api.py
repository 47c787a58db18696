"""The appliance's REST, as Python calls. Knows its place, tokens and errors; knows no command."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import BaseAdapter

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0


class Unreachable(Exception):
    """The appliance did not answer; the text says why and what can be done."""


class Refused(Exception):
    """The appliance answered with an error. `status` is HTTP's, `code` a stable word, `id` is in its log.

    `mistakes` are those of a document that was sent: (line, where, what is wrong).
    """

    def __init__(
        self, status: int, code: str, message: str, id: str = "", mistakes: Sequence[tuple[int, str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.id, self.mistakes = status, code, id, mistakes


class _Bearer(requests.auth.AuthBase):
    """Sets the token itself, so that no ~/.netrc replaces it."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def _is_private_enough(url: str) -> bool:
    """Whether a token may travel to `url`: over TLS, or to this very host."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _refused(answer: requests.Response) -> Refused:
    """The error in `answer`, which need not come from the appliance: a proxy answers in its own words."""
    try:
        told = answer.json()
        mistakes = [(one["line"], one["where"], one["text"]) for one in told.get("mistakes", ())]
        return Refused(answer.status_code, told["error"], told["message"], told.get("id", ""), mistakes)
    except (ValueError, TypeError, KeyError):
        return Refused(
            answer.status_code,
            "failed",
            f"the answer was HTTP {answer.status_code} {answer.reason} without "
            "an explanation; whatever stands between here and the appliance may know more",
        )


class Client:
    """One appliance at `url`. `ca` is a PEM file for its certificate; `transport` replaces the wire in tests."""

    def __init__(self, url: str, token: str = "", ca: str = "", transport: BaseAdapter | None = None) -> None:
        self.url = url.rstrip("/")
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError(f"{url!r} is no address of an appliance; write it like https://oci.example.net")
        if transport is None and not _is_private_enough(url):
            raise ValueError(f"{url} would carry passwords and tokens in clear; use https://")
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        self._verify: str | bool = ca or True
        if transport is not None:
            self._session.mount(self.url, transport)

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            answer = self._session.request(
                method,
                self.url + path,
                verify=self._verify,
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                **options,
            )
        except requests.exceptions.SSLError as error:
            raise Unreachable(
                f"the certificate of {self.url} is not trusted ({_reason(error)}); give its CA with --cacert or OCI_CACERT"
            ) from None
        except (requests.RequestException, OSError) as error:
            raise Unreachable(
                f"{self.url} does not answer ({_reason(error)}); check the address, the way there and "
                "whether the appliance runs"
            ) from None
        if answer.status_code >= 300 and answer.status_code != 304:
            raise _refused(answer)
        return answer

    def call(self, method: str, path: str, query: dict[str, Any] | None = None, body: dict[str, Any] | None = None) -> Any:
        """The parsed answer, None for an empty one. Raises Refused, Unreachable."""
        answer = self._send(method, path, params=query or None, json=body)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            raise Refused(answer.status_code, "failed", f"{self.url} did not answer in JSON; is it an appliance?") from None

    def contract(self, etag: str = "") -> tuple[bytes, str] | None:
        """The OpenAPI document and its ETag; None when it is still the one of `etag`."""
        answer = self._send("GET", "/openapi.json", headers={"If-None-Match": etag} if etag else {})
        return None if answer.status_code == 304 else (answer.content, answer.headers.get("ETag", ""))


def _reason(error: BaseException) -> str:
    """The innermost words of a nested error of the wire."""
    while True:
        inner = next((a for a in error.args if isinstance(a, BaseException)), None) or getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            return str(error).rsplit(": ", 1)[-1].strip("')\"")[:160] or type(error).__name__
        error = inner


def fill(path: str, values: dict[str, Any]) -> str:
    """`path` with its {parameters} replaced, safely quoted."""
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return path
