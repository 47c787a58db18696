"""KEY='value' lines survive a real shell, whatever is in them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oci.render.machine.orders import lines

LIB = Path(__file__).resolve().parents[2] / "discovery" / "lib" / "orders.sh"
HOSTILE = (
    "",
    " ",
    "'",
    "''",
    "'\"'\"'",
    "a'b\"c",
    "$(touch pwned)",
    "`touch pwned`",
    "${HOME}",
    "\\",
    "\\'",
    "\n",
    "a\nb\n",
    "x\nTOKEN='stolen'",
    "'; touch pwned; '",
    "*",
    "~root",
    "-n",
    "!!",
    "a\tb",
    "\x1b[31m",
    "\x7f",
    "ä€𝄞",
    "x" * 20_000,
)
# A shell holds no NUL, and a lone surrogate is no text.
ANY = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=40)


def by_shell(text: str, key: str, tmp_path: Path) -> str:
    """What `sh` has in `key` after reading the lines with `.`; an x keeps newlines at the end."""
    (tmp_path / "orders").write_bytes(text.encode())
    done = subprocess.run(
        ["sh", "-c", f'. ./orders; printf "%sx" "${key}"'],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=10,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    assert done.stderr == b""
    assert [path.name for path in tmp_path.iterdir()] == ["orders"]  # nothing in it was run
    return done.stdout.decode()[:-1]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_come_back_as_they_are(value: str, tmp_path: Path) -> None:
    text = lines({"BEFORE": "1", "VALUE": value, "TOKEN": "mine"})
    assert by_shell(text, "VALUE", tmp_path) == value
    assert by_shell(text, "TOKEN", tmp_path) == "mine"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY)
def test_any_value_comes_back_as_it_is(tmp_path: Path, value: str) -> None:
    assert by_shell(lines({"VALUE": value}), "VALUE", tmp_path) == value


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_the_machines_own_reader_understands_them(value: str, tmp_path: Path) -> None:
    """read_env of discovery/lib/orders.sh runs nothing and refuses what is no such line."""
    file = tmp_path / "orders"
    file.write_bytes(lines({"OTHER": "x", "VALUE": value}).encode())
    done = subprocess.run(
        ["sh", "-c", f'. {LIB}; read_env "$1" VALUE || exit 9; printf "%sx" "$VALUE"', "sh", str(file)],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=20,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "OCI_RUN": str(tmp_path)},
    )
    assert done.stdout.decode()[:-1] == value
    assert not (tmp_path / "pwned").exists()


def test_every_value_is_quoted() -> None:
    assert lines({"A": "plain", "B": ""}) == "A='plain'\nB=''\n"


@pytest.mark.parametrize("key", ["a", "A B", "A=1", "1A", "", "A\n", "A;reboot"])
def test_a_key_that_is_no_name_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        lines({key: "x"})


def test_a_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        lines({"A": "a\0b"})
