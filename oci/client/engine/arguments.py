"""Words on the command line -> a command and its values. Passwords come from a file or a prompt, never from here."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oci.client.engine.command import FILE, Command, Option
from oci.client.terminal.output import FORMATS

TYPES: dict[str, Any] = {"integer": int, "number": float}


class Usage(Exception):
    """The words do not make a command; the text says what is expected."""


def shared() -> argparse.ArgumentParser:
    """Options of every command; they may stand anywhere."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    group = parser.add_argument_group("for every command")
    group.add_argument("-o", "--output", choices=FORMATS, default="table", help="how to print the answer")
    group.add_argument("--profile", default="", help="profile of the configuration file (OCI_PROFILE)")
    group.add_argument("--url", default="", help="address of the appliance (OCI_URL)")
    group.add_argument("--cacert", default="", metavar="FILE", help="CA of the appliance's certificate (OCI_CACERT)")
    return parser


def _type(option: Option) -> Callable[[str], Any]:
    """What turns the word into the value, and refuses what the appliance would refuse."""
    if not option.choices:
        convert: Callable[[str], Any] = TYPES.get(option.type, str)
        return convert

    def choose(word: str) -> str:
        if word not in option.choices:
            raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(filter(None, option.choices))}")
        return word

    return choose


def _add(parser: argparse.ArgumentParser, command: Command, option: Option) -> None:
    if option is command.name or option.path == (command.confirm.get("member"),):
        return
    more: dict[str, Any] = {"dest": option.dest, "help": option.help.replace("%", "%%")}
    if option.choices:
        more["help"] += f"{': ' if more['help'] else ''}{', '.join(filter(None, option.choices))}"
    if option.default not in (None, "", []):
        more["help"] += f" (default {option.default})"
    if option.secret:
        parser.add_argument(
            option.flag,
            metavar="FILE",
            dest=option.dest,
            help=f"file that holds it, - for standard input; without it you are asked. {option.help}",
        )
    elif option.file:
        more["help"] = f"file that holds it, - for standard input. {more['help']}"
        parser.add_argument(FILE[1:3], FILE, metavar="FILE", required=option.required, **more)
    elif option.directory:
        parser.add_argument(option.flag, metavar="DIRECTORY", required=option.required, **more)
    elif option.type == "boolean":
        parser.add_argument(option.flag, action=argparse.BooleanOptionalAction, default=None, **more)
    elif option.type == "array":
        parser.add_argument(option.flag, action="append", metavar="X", **more)
    else:
        # What a name needs only once may also be left out of the nested object: the appliance judges.
        parser.add_argument(
            option.flag, type=_type(option), required=option.required, metavar=option.path[-1].upper(), **more
        )


def parser_of(command: Command) -> argparse.ArgumentParser:
    """The parser of one command."""
    parser = argparse.ArgumentParser(
        prog=f"ocicli {command.title}",
        description=f"{command.summary}.",
        parents=[shared()],
        allow_abbrev=False,
        epilog=f"example: {command.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if command.name:
        name = command.name.path[0]
        needed = command.in_path
        parser.add_argument("name", nargs=None if needed else "?", metavar=name.upper(), help=command.name.help)
        if not needed:
            parser.add_argument(command.name.flag, dest="named", metavar=name.upper(), help="the same, as an option")
    for option in command.options:
        _add(parser, command, option)
    if command.follow:
        parser.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="end after so long")
    if command.watch:
        parser.add_argument("--wait", action="store_true", help="wait until it is done, with a line of progress")
        parser.add_argument("--timeout", type=float, default=7200, metavar="SECONDS", help="wait at most so long")
    if command.directory:
        parser.add_argument("--force", action="store_true", help="replace files that say something else")
    if command.confirm:
        word = command.confirm["word"]
        parser.add_argument(f"--{command.confirm['member']}", metavar=word.upper(), help=f"the {word}, to confirm")
        parser.add_argument("--yes", action="store_true", help=f"do not ask for the {word}: take it as it is now")
    return parser


def secret_from(source: str | None, question: str, twice: bool = False) -> str:
    """A password from the file `source`, from standard input (-), or asked for on the terminal. Raises Usage."""
    if source == "-":
        return sys.stdin.readline().rstrip("\n")
    if source:
        try:
            return Path(source).read_text().rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Usage(f"the password file {source} cannot be read: {error}") from None
    if not sys.stdin.isatty():
        raise Usage("a password is needed; without a terminal give it with --password-file FILE, or - for standard input")
    first = getpass.getpass(f"{question}: ")
    if twice and getpass.getpass("Once more: ") != first:
        raise Usage("the two passwords differ; nothing was changed")
    return first


def _text_from(source: str) -> str:
    """The text in the file `source`, or on standard input (-). Raises Usage."""
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return data.decode()
    except OSError as error:
        raise Usage(f"the file {source} cannot be read: {error.strerror or error}; name one that can") from None
    except UnicodeDecodeError as error:
        raise Usage(f"the file {source} is no text in UTF-8 (octet {error.start}); save it as UTF-8") from None


def _secrets(command: Command, values: dict[str, Any]) -> None:
    """Replace file names by the passwords in them, and ask for those that are missing."""
    for option in command.options:
        if not option.secret:
            continue
        beside = [o.key for o in command.options if o.path[:-1] == option.path[:-1] and o is not option]
        if (
            option.required
            or values.get(option.key)
            or any(values.get(key) is not None for key in beside if len(option.path) > 1)
        ):
            values[option.key] = secret_from(values.get(option.key), option.path[-1].capitalize(), option.chosen)


def parse(command: Command, words: list[str]) -> tuple[argparse.Namespace, dict[str, Any]]:
    """The options of `words`, and the values for the request by key. Raises Usage; exits with 2 as argparse does."""
    parser = parser_of(command)
    given = parser.parse_args(words)
    values = {o.key: getattr(given, o.dest, None) for o in command.options if o is not command.name}
    if command.name and not command.in_path:
        name = command.name.path[0]
        named = given.named if given.name is None else given.name
        if named is None or (given.named is not None and given.name is not None):
            parser.error(f"give {name.upper()} once, as an argument or as {command.name.flag}")
        values[command.name.key] = named
    _secrets(command, values)
    for option in command.options:
        if option.file and values.get(option.key) is not None:
            values[option.key] = _text_from(str(values[option.key]))
    return given, values
