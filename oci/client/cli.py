"""ocicli: `ocicli NOUN VERB [NAME] [--option]`. Commands come from the appliance's contract.

Exit codes: 0 done, 2 usage, 3 refused, 4 not found, 5 conflict, 6 appliance not reached, 7 waited in vain, 8 failed.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from oci.client import profile
from oci.client.engine import arguments, contract
from oci.client.engine.command import Command, commands, path_parts, request
from oci.client.terminal import output
from oci.client.terminal.look import member, say

if TYPE_CHECKING:  # requests alone takes half of the start; help and usage do without it
    import argparse

    from oci.client.engine.api import Client

DONE, USAGE, REFUSED, NOT_FOUND, CONFLICT, UNREACHED, IN_VAIN, FAILED = 0, 2, 3, 4, 5, 6, 7, 8
CODES = {404: NOT_FOUND, 409: CONFLICT}
# Beside what the contract gives.
BY_HAND = {
    ("login", ""): "Sign in to an appliance and keep what it gives for that",
    ("completion", ""): "Print a script for the shell that completes words and names",
}


def _client(options: argparse.Namespace, transport: Any) -> Client:
    from oci.client import by_hand

    return by_hand.client(options, transport)


def _listing(known: dict[tuple[str, str], Command], noun: str = "") -> str:
    """Verbs of `noun`, or of all nouns, with their summaries."""
    told = {key: command.summary for key, command in known.items()} | BY_HAND
    lines = [f"  {' '.join(key).strip():20} {text}" for key, text in sorted(told.items()) if noun in ("", key[0])]
    return "\n".join(lines)


def _split(words: list[str], known: dict[tuple[str, str], Command]) -> tuple[str, str, list[str]]:
    """Noun, verb and the rest; `noun-verb` is `noun verb`."""
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
    """Fill in the confirmation: as given, by --yes, or by asking for it after showing what will be lost."""
    from oci.client.engine.api import fill

    told = command.confirm
    word = getattr(given, told["member"])
    if word is None:
        seen = client.call("GET", fill(told["path"], {command.name.path[0]: given.name} if command.name else {}))
        word = member(seen, told["word"]) if given.yes else _ask(told, seen)
    values[told["member"]] = word


def _ask(told: dict[str, Any], seen: dict[str, Any]) -> str:
    """Show what `told` (x-confirm) says of `seen`, and read the word that confirms it. Raises Usage."""
    if not sys.stdin.isatty():
        raise arguments.Usage(told["refused"])
    show = told["show"]
    print(say(show["title"], seen), file=sys.stderr)
    for row in member(seen, show["rows"]) or []:
        if row.get(show["member"]) in (member(seen, show["among"]) or []):
            print("  " + say(show["line"], row), file=sys.stderr)
    if note := say(show["note"], seen):
        print(note, file=sys.stderr)
    print(say(told["ask"], seen), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def run(client: Client, command: Command, words: list[str], form: str) -> int:
    """Do one command of the contract."""
    from oci.client.engine import keeping, waiting
    from oci.client.engine.api import fill

    given, values = arguments.parse(command, words)
    if command.directory:
        values[command.directory.key] = keeping.directory_of(values[command.directory.key], command.look.files, form)
    if command.confirm:
        _confirm(client, command, given, values)
    route = fill(command.route, path_parts(command, getattr(given, "name", ""), values))
    query, body = request(command, values)
    if command.follow:
        waiting.follow(client, route, query, command.follow, command.look.rows, form, given.seconds)
        return DONE
    answer = client.call(command.method, route, query, body)
    if command.watch and given.wait:
        answer = waiting.until(client, answer, command.watch, given.timeout)
    if command.directory and (directory := values[command.directory.key]):
        answer = keeping.keep(answer, command.look.files, directory, given.force)
    output.show(answer, form, command.look)
    return DONE


def _by_hand(
    noun: str, words: list[str], options: argparse.Namespace, known: dict[tuple[str, str], Command], transport: Any
) -> int:
    from oci.client.engine import completion

    if noun == "completion" and words[:1] != ["names"]:
        completion.run(words, known, BY_HAND)  # also where a package is built, which has no more than Python
        return DONE
    from oci.client import by_hand

    if noun == "login":
        return by_hand.login(words, options, transport)
    completion.print_names(known, words[1:], lambda: _client(options, transport))
    return DONE


def _dispatch(words: list[str], options: argparse.Namespace, transport: Any) -> int:
    known = commands(contract.known(options.url or os.environ.get("OCI_URL", "")))
    if not words or words[0] in ("-h", "--help", "help"):
        print(f"{profile.INTRO}\n{_listing(known)}")
        return DONE if words else USAGE
    noun, verb, rest = _split(words, known)
    if (noun, verb) in BY_HAND:
        return _by_hand(noun, rest, options, known, transport)
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
    from oci.client.engine import api, keeping, waiting

    if isinstance(error, api.Refused):
        output.complain(str(error), error.id)
        output.mistakes(error.mistakes)
        return CODES.get(error.status, REFUSED if error.status < 500 else FAILED)
    codes: list[tuple[type[Exception], int]] = [
        (api.Unreachable, UNREACHED),
        (waiting.InVain, IN_VAIN),
        (waiting.Ended, FAILED),
        (keeping.NotKept, CONFLICT),
    ]
    for kind, code in codes:
        if isinstance(error, kind):
            output.complain(str(error))
            return code
    return None


def main(argv: list[str] | None = None, transport: Any = None) -> int:
    """Entry point; returns the exit code. `transport` replaces the wire in tests."""
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
