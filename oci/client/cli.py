"""ocicli: `ocicli NOUN VERB [NAME] [--option]`. Commands come from the appliance's contract.

Exit codes: 0 done, 2 usage, 3 refused, 4 not found, 5 conflict, 6 appliance not reached, 7 waited in vain, 8 failed.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from oci.client import arguments, contract, output, profile
from oci.client.command import Command, commands, request

if TYPE_CHECKING:  # requests alone takes half of the start; help and usage do without it
    import argparse

    from oci.client.api import Client

DONE, USAGE, REFUSED, NOT_FOUND, CONFLICT, UNREACHED, IN_VAIN, FAILED = 0, 2, 3, 4, 5, 6, 7, 8
CODES = {404: NOT_FOUND, 409: CONFLICT}
INTRO = """usage: ocicli NOUN VERB [NAME] [--option]

Drives an OCI appliance. `ocicli NOUN` lists the verbs of a noun, `ocicli NOUN VERB --help` explains one.
Start with `ocicli login URL`; programs set OCI_URL and OCI_TOKEN or OCI_TOKEN_FILE.
"""
# Beside what the contract gives.
BY_HAND = {
    ("login", ""): "Sign in to an appliance and keep a token for it",
    ("event", "follow"): "Print events as they happen",
}


def _client(options: argparse.Namespace, transport: Any, needs_token: bool = True) -> Client:
    from oci.client.api import Client

    found = profile.find(options.profile, options.url, options.cacert)
    if not found.url:
        raise profile.BadProfile("no appliance is set; `ocicli login URL` signs in to one, or set OCI_URL and OCI_TOKEN")
    if needs_token and not found.token:
        raise profile.BadProfile(f"there is no token for {found.url}; `ocicli login {found.url}` makes one")
    try:
        return Client(found.url, found.token, found.cacert, transport)
    except ValueError as error:
        raise profile.BadProfile(str(error)) from None


def _listing(known: dict[tuple[str, str], Command], noun: str = "") -> str:
    """Verbs of `noun`, or of all nouns, with their summaries."""
    told = {key: command.summary for key, command in known.items()} | BY_HAND
    lines = [f"  {' '.join(key).strip():20} {text}" for key, text in sorted(told.items()) if noun in ("", key[0])]
    return "\n".join(lines)


def _split(words: list[str], known: dict[tuple[str, str], Command]) -> tuple[str, str, list[str]]:
    """Noun, verb and the rest; `machine-list` is `machine list`."""
    noun, rest = words[0], words[1:]
    every = set(known) | set(BY_HAND)
    if (noun, "") in every:
        return noun, "", rest
    first, dash, second = noun.partition("-")
    if dash and (first, second) in every:
        return first, second, rest
    if rest and (noun, rest[0]) in every:
        return noun, rest[0], rest[1:]
    if rest and not rest[0].startswith("-"):
        return noun, rest[0], rest[1:]
    return noun, "", rest


def _confirm(client: Client, command: Command, given: argparse.Namespace, values: dict[str, Any]) -> None:
    """Fill in the confirmation: as given, by --yes, or by asking for the name after showing what will be lost."""
    from oci.client.api import fill

    word = getattr(given, command.confirm)
    if word is None:
        seen = client.call("GET", fill("/v1/machines/{name}", {"name": given.name}))
        word = seen["name"] if given.yes else _ask(seen)
    values[command.confirm] = word


def _ask(machine: dict[str, Any]) -> str:
    from oci.client.table import disk, plain

    if not sys.stdin.isatty():
        raise arguments.Usage("this wipes disks; without a terminal confirm it with --yes")
    print(f"{machine['name']}: everything on these disks will be lost:", file=sys.stderr)
    wiped = machine.get("wipe_devices") or []
    for one in (machine.get("inventory") or {}).get("disks") or []:
        if one.get("name") not in wiped:
            continue
        words = (disk(one.get("bytes")), one.get("model"), "serial " + (one.get("serial") or "unknown"))
        print("  " + "  ".join(plain(w) for w in words if w), file=sys.stderr)
    if machine.get("wipe_left"):
        print(f"But {plain(machine['wipe_left'])}", file=sys.stderr)
    print(f"Type {machine['name']} to wipe them: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def run(client: Client, command: Command, words: list[str], form: str) -> int:
    """Do one command of the contract."""
    from oci.client import waiting
    from oci.client.api import fill

    given, values = arguments.parse(command, words)
    if command.confirm:
        _confirm(client, command, given, values)
    route = fill(command.route, {command.name.path[0]: given.name}) if command.in_path and command.name else command.route
    query, body = request(command, values)
    answer = client.call(command.method, route, query, body)
    if command.wait and given.wait:
        answer = waiting.machine(client, answer, command.wait, given.timeout)
    output.show(answer, form)
    return DONE


def _by_hand(noun: str, words: list[str], options: argparse.Namespace, transport: Any) -> int:
    from oci.client import by_hand

    if noun == "login":
        return by_hand.login(words, options, transport)
    return by_hand.follow(words, options, lambda: _client(options, transport))


def _dispatch(words: list[str], options: argparse.Namespace, transport: Any) -> int:
    known = commands(contract.known(options.url or os.environ.get("OCI_URL", "")))
    if not words or words[0] in ("-h", "--help", "help"):
        print(f"{INTRO}\n{_listing(known)}")
        return DONE if words else USAGE
    noun, verb, rest = _split(words, known)
    if (noun, verb) in BY_HAND:
        return _by_hand(noun, rest, options, transport)
    if {"-h", "--help"} & set(rest) and (noun, verb) in known:
        arguments.parser_of(known[noun, verb]).print_help()
        return DONE
    if not verb and any(key[0] == noun for key in known) and (noun, "") not in known:
        print(_listing(known, noun))
        return DONE if {"-h", "--help"} & set(rest) else USAGE
    client = _client(options, transport)
    known = commands(contract.current(client, refresh=(noun, verb) not in known))
    if (noun, verb) not in known:
        verbs = ", ".join(key[1] for key in known if key[0] == noun)
        raise arguments.Usage(
            f"there is no command '{noun} {verb}'; "
            + (f"verbs of {noun} are {verbs}" if verbs else "`ocicli help` lists them")
        )
    return run(client, known[noun, verb], rest, options.output)


def _failure(error: Exception) -> int | None:
    """Say what went wrong; the exit code for it, None for a defect."""
    from oci.client import api, waiting

    if isinstance(error, api.Refused):
        output.complain(str(error), error.id)
        return CODES.get(error.status, REFUSED if error.status < 500 else FAILED)
    codes: list[tuple[type[Exception], int]] = [
        (api.Unreachable, UNREACHED),
        (waiting.InVain, IN_VAIN),
        (waiting.Ended, FAILED),
    ]
    for kind, code in codes:
        if isinstance(error, kind):
            output.complain(str(error))
            return code
    return None


def main(argv: list[str] | None = None, transport: Any = None) -> int:
    """Entry point; returns the exit code. `transport` replaces the network in tests."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        options, words = arguments.shared().parse_known_args(argv)
        return _dispatch(words, options, transport)
    except (arguments.Usage, profile.BadProfile) as error:
        output.complain(str(error))
        return USAGE
    except SystemExit as stop:  # argparse has said it
        return int(stop.code or 0)
    except BrokenPipeError:  # the reader, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return DONE
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        code = _failure(error)
        if code is None:
            raise
        return code


if __name__ == "__main__":
    sys.exit(main())
