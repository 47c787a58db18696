"""Completion for shells: a script made from the contract, and names of things, asked live.

The script knows nouns, verbs, options and choices. Where a word names a thing, it calls `ocicli completion names`,
which says nothing rather than anything wrong: without a sign-in, without an answer in time, without a match.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from oci.client.engine import arguments
from oci.client.engine.command import Command
from oci.client.terminal.output import FORMATS

if TYPE_CHECKING:
    from oci.client.engine.api import Client

ASK_SECONDS = 2.0
# A word that needs no quoting in any shell. Others are not offered: a name is a stranger's word, and bash expands some.
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]*|-{1,2}[a-z][a-z-]*")
FILES = "@"
"""Stands for names of files; with something behind it, for names that the command behind it lists."""

BOTH = """\
# What may stand there goes to REPLY: words, @ for files, or @COMMAND for names that the command lists. 1: unknown place.
_ocicli_at() {
    case $1 in
CASES
        *' -o' | *' --output') REPLY='FORMATS' ;;
        *' --cacert') REPLY='@' ;;
        *' --profile' | *' --url') REPLY='' ;;
        *) REPLY=''; return 1 ;;
    esac
}

# Words for the word $1 behind the option $2 (or whatever word), after the words that follow, to REPLY.
_ocicli_reply() {
    local now=$1 option=$2 word noun='' verb='' title='' flag=''
    local asked
    asked=()
    shift 2
    for word in "$@"; do
        if [[ -n $flag && $word == '=' ]]; then continue; fi
        if [[ -n $flag ]]; then asked+=("$flag" "$word"); flag=''; continue; fi
        case $word in
            -o | --output | --profile | --url | --cacert) flag=$word ;;
            -* | '=') ;;
            *) if [[ -z $noun ]]; then noun=$word; elif [[ -z $verb ]]; then verb=$word; fi ;;
        esac
    done
    title="$noun $verb"
    if [[ $noun == *-* ]] && _ocicli_at "${noun/-/ } --"; then title=${noun/-/ }; fi
    if _ocicli_at "$noun --"; then title=$noun; fi
    if [[ $option == -* ]] && _ocicli_at "$title $option"; then :
    elif [[ -z $noun && $now == -* ]]; then REPLY='SHARED'
    elif [[ $now == -* ]]; then _ocicli_at "$title --" || :
    elif [[ -z $noun ]]; then _ocicli_at ''
    elif [[ -z $verb && $title == "$noun " ]]; then _ocicli_at "$noun" || :
    else _ocicli_at "$title <>" || :
    fi
    if [[ $REPLY == @?* ]]; then
        REPLY=$({ ocicli "${asked[@]}" completion names "${REPLY#@}" "$now" </dev/null; } 2>/dev/null) || :
    fi
}
"""
SHELLS = {
    "bash": """\
# Completion of ocicli for bash, made by `ocicli completion bash`.
BOTH
_ocicli() {
    local IFS=$' \\t\\n' REPLY='' word now=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}
    if [[ $now == '=' ]]; then now=''; fi
    if [[ $option == '=' ]]; then option=${COMP_WORDS[COMP_CWORD-2]}; fi
    COMPREPLY=()
    _ocicli_reply "$now" "$option" "${COMP_WORDS[@]:1:COMP_CWORD-1}"
    if [[ $REPLY == @ ]]; then
        compopt -o filenames 2>/dev/null || :
        while IFS='' read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$now")
        return
    fi
    for word in $REPLY; do
        if [[ $word == "$now"* ]]; then COMPREPLY+=("$word"); fi
    done
}
complete -F _ocicli ocicli
""",
    "zsh": """\
#compdef ocicli
# Completion of ocicli for zsh, made by `ocicli completion zsh`.
BOTH
_ocicli() {
    local REPLY='' now=${words[CURRENT]} option=${words[CURRENT-1]}
    if [[ $now == --*=* ]]; then
        option=${now%%=*}
        now=${now#*=}
        compset -P '*='
    fi
    _ocicli_reply "$now" "$option" "${(@)words[2,CURRENT-1]}"
    if [[ $REPLY == @ ]]; then _files; else compadd -- ${=REPLY}; fi
}
if [[ ${funcstack[1]} == _ocicli ]]; then _ocicli "$@"; else compdef _ocicli ocicli; fi
""",
}
SHARED = "-o --output --profile --url --cacert"


def _safe(words: Iterable[str]) -> list[str]:
    return [word for word in words if SAFE.fullmatch(word)]


def _case(place: str, reply: str) -> str:
    return f"        {shlex.quote(place)}) REPLY={shlex.quote(reply)} ;;"


def _values(action: argparse.Action, command: Command) -> str:
    """What may stand behind an option, or in the place of the name."""
    options = {o.key: o for o in (*command.options, *([command.name] if command.name else ()))}
    option = command.name if action.dest in ("name", "named") else options.get(action.dest)
    if action.metavar in ("FILE", "DIRECTORY"):
        return FILES
    if option and option.choices:
        return " ".join(_safe(option.choices))
    return f"{FILES}{option.names}" if option and _safe([option.names]) else ""


def _places(title: str, parser: argparse.ArgumentParser, command: Command | None = None) -> Iterator[tuple[str, str]]:
    """Each place of a command where words can be completed, and its reply."""
    flags = [flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")]
    yield f"{title} --", " ".join(_safe(flags))
    for action in parser._actions if command else ():
        if action.nargs == 0 or action.dest in ("output", "profile", "url", "cacert"):
            continue
        reply = _values(action, command) if command else ""
        for flag in action.option_strings or ["<>"]:
            yield f"{title} {flag}", reply


def script(shell: str, known: dict[tuple[str, str], Command], by_hand: Iterable[tuple[str, str]]) -> str:
    """The script for `shell`, one of SHELLS, from the commands of the contract and those beside it."""
    nouns: dict[str, list[str]] = {}
    for noun, verb in sorted({*known, *by_hand}):
        nouns.setdefault(noun, []).append(verb)
    cases = [_case("", " ".join(_safe(nouns)))]
    cases += [_case(noun, " ".join(_safe(verbs))) for noun, verbs in nouns.items() if "" not in verbs]
    cases += [_case(" ".join(key).strip() + " --", SHARED) for key in by_hand if key not in known]
    cases.append(_case("completion <>", " ".join(SHELLS)))
    for command in known.values():
        cases += [_case(*place) for place in _places(command.title, arguments.parser_of(command), command)]
    both = BOTH.replace("CASES", "\n".join(cases)).replace("FORMATS", " ".join(FORMATS)).replace("SHARED", SHARED)
    return SHELLS[shell].replace("BOTH", both)


def names(client: Client, command: Command, part: str) -> list[str]:
    """Names of the things that `command` lists which begin with `part`. Raises Refused, Unreachable."""
    answer = client.call(command.method, command.route, {command.search: part} if part and command.search else None)
    told = (str(row.get(command.names, "")) for row in answer[command.look.rows])
    return [name for name in _safe(told) if name.startswith(part)]


def print_names(known: dict[tuple[str, str], Command], words: list[str], client: Callable[[], Client]) -> None:
    """Print names for `words`, the title of a list (noun.verb) and the part typed so far; nothing when that fails."""
    limit = threading.Timer(ASK_SECONDS, os._exit, (0,))  # also where the resolver hangs, which no exception reaches
    limit.daemon = True
    limit.start()
    try:
        noun, _, verb = words[0].partition(".")
        command = known[noun, verb]
        print("\n".join(names(client(), command, words[1] if len(words) > 1 else "")))
    except Exception:  # a person who types is not told what is wrong
        pass
    finally:
        limit.cancel()


def run(words: list[str], known: dict[tuple[str, str], Command], by_hand: Iterable[tuple[str, str]]) -> None:
    """Print a script. Raises SystemExit with 2 as argparse does."""
    parser = argparse.ArgumentParser(
        prog="ocicli completion",
        description="Print a script that completes nouns, verbs, options, choices and names.",
        allow_abbrev=False,
        epilog="example: source <(ocicli completion bash)",
        parents=[arguments.shared()],
    )
    parser.add_argument("shell", choices=tuple(SHELLS), help="for which shell")
    sys.stdout.write(script(parser.parse_args(words).shell, known, by_hand))
