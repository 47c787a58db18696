"""Signing in, which comes before there is anybody who may ask: the one thing that the contract does not give."""

from __future__ import annotations

import argparse
import os
from typing import Any

from oci.client import profile
from oci.client.engine import arguments
from oci.client.engine.api import Client
from oci.client.terminal import output


def client(options: argparse.Namespace, transport: Any) -> Client:
    """The appliance that the options, the environment or the kept profile name. Raises BadProfile."""
    found = profile.find(options.profile, options.url, options.cacert)
    if not found.url:
        raise profile.BadProfile("no appliance is set; `ocicli login URL` signs in to one, or set OCI_URL and OCI_TOKEN")
    if not found.token:
        raise profile.BadProfile(f"there is no token for {found.url}; `ocicli login {found.url}` makes one")
    try:
        return Client(found.url, found.token, found.cacert, transport)
    except ValueError as error:
        raise profile.BadProfile(str(error)) from None


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
        appliance = Client(given.address, "", cacert, transport)
    except ValueError as error:
        raise arguments.Usage(str(error)) from None
    password = arguments.secret_from(given.password_file, f"Password of {given.name} at {appliance.url}")
    made = appliance.call(
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
    kept = profile.keep(options.profile or "default", profile.Profile(appliance.url, made["token"], trusted))
    output.show(
        {"signed in as": made["person"], "address": appliance.url, "expires": made["expires"], "kept in": str(kept)}
        if options.output == "table"
        else {k: made[k] for k in ("id", "name", "person", "expires")},
        options.output,
    )
    return 0
