"""Commands that deserve better than the generated ones: signing in, and following events."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from oci.client import arguments, output, profile, waiting
from oci.client.api import Client


def login(words: list[str], options: argparse.Namespace, transport: Any) -> int:
    """Make a token with name and password, and keep it in the configuration file."""
    parser = argparse.ArgumentParser(
        prog="ocicli login",
        description="Sign in to an appliance and keep a token for it.",
        allow_abbrev=False,
        epilog="example: ocicli login https://oci.example.net --name ada",
        parents=[arguments.shared()],
    )
    parser.add_argument("address", metavar="URL", help="address of the appliance")
    parser.add_argument("--name", default=os.environ.get("USER", ""), help="sign-in name (default: yours here)")
    parser.add_argument(
        "--password-file",
        metavar="FILE",
        help="file that holds the password, - for standard input; without it you are asked",
    )
    parser.add_argument("--days", type=int, default=30, help="days until the token expires")
    given = parser.parse_args(words)
    cacert = options.cacert or os.environ.get("OCI_CACERT", "")
    try:
        client = Client(given.address, "", cacert, transport)
    except ValueError as error:
        raise arguments.Usage(str(error)) from None
    password = arguments.secret_from(given.password_file, f"Password of {given.name} at {client.url}")
    made = client.call(
        "POST",
        "/v1/session",
        body={
            "name": given.name,
            "password": password,
            "days": given.days,
            "label": f"ocicli on {os.uname().nodename}"[:64],
        },
    )
    trusted = os.path.abspath(cacert) if cacert else ""  # noqa: PTH100 (of a name, not a path)
    kept = profile.keep(options.profile or "default", profile.Profile(client.url, made["token"], trusted))
    output.show(
        {"signed in as": made["person"], "address": client.url, "expires": made["expires"], "kept in": str(kept)}
        if options.output == "table"
        else {k: made[k] for k in ("id", "name", "person", "expires")},
        options.output,
    )
    return 0


def follow(words: list[str], options: argparse.Namespace, make_client: Callable[[], Client]) -> int:
    """Print events as they happen, until interrupted."""
    parser = argparse.ArgumentParser(
        prog="ocicli event follow",
        description="Print events as they happen; Ctrl-C ends it.",
        allow_abbrev=False,
        epilog="example: ocicli event follow --machine compute1",
        parents=[arguments.shared()],
    )
    parser.add_argument("--machine", default="", help="only events of this machine")
    parser.add_argument("--kind", default="", help="only events of this kind")
    parser.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="end after so long")
    given = parser.parse_args(words)
    query = {key: value for key in ("machine", "kind") if (value := getattr(given, key))}
    waiting.events(make_client(), query, options.output, given.seconds)
    return 0
