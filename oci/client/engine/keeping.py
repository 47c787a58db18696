"""Answers that are files: written whole or not at all, into the directory that the reader names.

Which members of an answer are files, and which of those are for their owner alone, is said by x-files of the contract.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oci.client.engine.arguments import Usage
from oci.client.terminal.look import File

PRIVATE, OPEN = 0o600, 0o644


class NotKept(Exception):
    """A file was not written; the text says which, why, and what instead. What was there is as it was."""


def directory_of(given: str | None, files: Sequence[File], form: str) -> str:
    """The directory `given`, in full; empty when the answer is to be printed. Raises Usage when neither is wanted."""
    if given:
        return os.path.abspath(Path(given).expanduser())  # noqa: PTH100 (as it is named, links and all)
    if form == "table":
        names = " and ".join(one.name for one in files)
        raise Usage(f"say where to write {names}, with --directory DIRECTORY, or have the answer printed with -o json")
    return ""


def keep(answer: dict[str, Any], files: Sequence[File], directory: str, force: bool) -> dict[str, Any]:
    """Write the files in `answer` into `directory`; what is left of it, with where they lie.

    The directory is made when only it is missing. A file that says something else is replaced only with `force`. Raises
    NotKept.
    """
    folder, drafts = Path(directory), dict[Path, Path]()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for file in files:
            target, text = folder / file.name, str(answer[file.member])
            if _differs(target, text) and not force:
                raise NotKept(
                    f"{target} is there and says something else, so nothing was written; name another directory, or "
                    "replace it with --force"
                )
            drafts[target] = _draft(target, text, PRIVATE if file.private else OPEN)
        for target, draft in drafts.items():
            draft.replace(target)
    except OSError as error:
        name = error.filename or directory
        raise NotKept(f"{name} cannot be written ({error.strerror or error}); name another directory") from None
    finally:
        for draft in drafts.values():
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
    members = {file.member for file in files}
    return {
        **{name: value for name, value in answer.items() if name not in members},
        "written": [str(folder / file.name) for file in files],
    }


def _differs(target: Path, text: str) -> bool:
    """Whether there is something else. What cannot be read is something else."""
    try:
        return target.read_bytes() != text.encode()
    except FileNotFoundError:
        return target.is_symlink()
    except OSError:
        return True


def _draft(target: Path, text: str, mode: int) -> Path:
    """The file beside its place, whole and safely written. Raises OSError."""
    draft = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
    number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft
