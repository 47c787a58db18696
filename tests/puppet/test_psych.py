"""The classification is read by Ruby as it was meant in Python: real Psych, of the host and of the Puppet server."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psych import READER, Psych, told

from lab.containers.room import Room
from oci.render.puppet.psych import LONGEST_KEY, Unwritable, write

PUPPET = Path(__file__).resolve().parents[2] / "puppet"
# What one reader or the other takes for something else when it stands there as it is.
STRANGE = (
    "",
    " ",
    "~",
    "null",
    "Null",
    "NULL",
    "yes",
    "yES",
    "oN",
    "nO",
    "trUe",
    "y",
    "n",
    "off",
    "<<",
    "=",
    "-",
    "---",
    "...",
    "?",
    "2,4",
    "0,1",
    "1,000",
    "10,20,30",
    "02:30",
    "00:45",
    "190:20:30",
    "08:00",
    "1:2:3",
    "2025-1-5",
    "2025-01-05",
    "1,5.5",
    "+.5",
    "2025-01-05T06:07:08Z",
    "2025-01-05 06:07:08.5 +01:00",
    ":443",
    "::1",
    "::/0",
    "::",
    ":",
    ":a",
    "a:",
    "a: b",
    ": ",
    "fd00::1",
    "0640",
    "08",
    "0o17",
    "0x1F",
    "0b101",
    "1_000",
    "1e3",
    "1.",
    ".5",
    ".inf",
    "-.inf",
    ".nan",
    ".NaN",
    "1e400",
    "+1",
    "-0",
    "52:54:00:12:34:56",
    "0000:03:00.0",
    "!ruby/object:Object",
    "!!int 5",
    "! a",
    "&a",
    "*a",
    "#",
    " #",
    "a #b",
    "%YAML 1.1",
    "@a",
    "`a`",
    "'",
    '"',
    '"a"',
    "\\",
    "\\u0041",
    "\\ud83d",
    "{a: b}",
    "[a]",
    "a,b",
    "|",
    ">",
    "|\n a",
    "\n",
    "a\n",
    "\na",
    "a\n\nb",
    "\t",
    "a\tb",
    "\r",
    "\r\n",
    "\0",
    "\x07",
    "\x1b[0m",
    "\x7f",
    "\x85",
    "a\x85b",
    "\x9f",
    "\xa0",
    "\xad",
    "\u2028",
    "a\u2029b",
    "\u200b",
    "\ufeff",
    "a\ufeff",
    "\ufffe",
    "\uffff",
    "\ud7ff",
    "\ue000",
    "\ufffd",
    "\U0001f600",
    "\U0010ffff",
    "\U0001fffe",
    "e\u0301",
    "\u202eabc",
    "x" * 5000,
    "\x85" * 3000,
    "\U0001f600" * 2000,
    " " * 200,
    "word " * 400,
    "%s %d",
    "$(id)",
    "${a}",
    "<%= a %>",
)
TEXT = st.one_of(
    st.sampled_from(STRANGE),
    st.text(max_size=40),
    st.text(
        alphabet="0123456789,:._+-eE~<>=!&*%@`'\"#|?[]{}\\/ \t\n\r\x00\x7f\x85\u2028\ufeff\ufffe\U0001f600nNyYoO",
        max_size=12,
    ),
)
LONG = st.integers(LONGEST_KEY - 30, LONGEST_KEY + 60).map(lambda size: "k" * size)
KEYS = st.one_of(TEXT, LONG)
SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**60), 10**60),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)
DATA = st.recursive(
    SCALAR, lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(KEYS, inner, max_size=5)), max_leaves=20
)
MANY = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(MANY, max_examples=150)


@pytest.fixture(scope="module")
def ruby() -> Iterator[Psych]:
    """The Psych of this host; `lab/setup` installs it."""
    assert shutil.which("ruby"), "ruby is missing; lab/setup installs it"
    made = Psych(["ruby", str(READER)])
    yield made
    made.close()


@pytest.fixture(scope="module", params=["ruby", "jruby"])
def server(request: pytest.FixtureRequest, puppet_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Psych]:
    """What reads a classification on an agent's side (MRI), and on the server (JRuby), through Puppet's own function."""
    room = Room(puppet_root, tmp_path_factory.mktemp(request.param))
    room.write("reader.rb", READER.read_text())
    words = {"ruby": ["ruby"], "jruby": ["jruby", "-I", "/usr/lib/ruby/vendor_ruby"]}[request.param]
    made = Psych(room.argv([*words, "/reader.rb", "puppet"]))
    yield made
    made.close()


def _same(psych: Psych, data: Any) -> None:
    text = write({"data": data})
    assert text.isascii() and all(c.isprintable() or c == "\n" for c in text)
    assert psych.read(text) == told({"data": data})
    assert told(yaml.load(text, yaml.SafeLoader)) == told({"data": data})
    assert told(yaml.load(text, yaml.CSafeLoader)) == told({"data": data})


def test_everything_strange_is_read_as_it_was_meant(ruby: Psych) -> None:
    for word in STRANGE:
        _same(ruby, [word, {word: word}, {word: {word: [word]}}, {word: {}, "more": []}])


@MANY
@given(DATA)
@example({"<<": {"a": 1}, "a": 2})
@example([1e16, 5e-324, 1.7976931348623157e308, -0.0, 1e22, 123456789012345680.0])
@example({"k" * (LONGEST_KEY - 2): 1, "k" * (LONGEST_KEY - 1): 2, "\U0001f600" * 300: {"a": [{}, []]}})
def test_any_data_is_read_as_it_was_meant(ruby: Psych, data: Any) -> None:
    _same(ruby, data)


def test_the_reader_tells_a_changed_type(ruby: Psych) -> None:
    assert ruby.read("a: 2,4\n") == told({"a": 24})
    assert ruby.read("a: ::1\n") == ["hash", [[told("a"), ["other", "Symbol"]]]]
    assert ruby.read("a: 2025-1-5\n")[0] == "refused"


@pytest.mark.real
def test_the_puppet_server_reads_everything_strange(server: Psych) -> None:
    for word in STRANGE:
        _same(server, [word, {word: word}, {word: {word: [word]}}, {word: {}, "more": []}])


@pytest.mark.real
@FEW
@given(DATA)
def test_the_puppet_server_reads_any_data(server: Psych, data: Any) -> None:
    _same(server, data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"a": [1.0, float("nan")]}, r"\['a'\]\[1\] is nan"),
        ({"a": float("-inf")}, "is -inf"),
        ({"a": "x\ud800"}, "half of a character"),
        ({1: "a"}, "the key 1; a key is text"),
        ({"a": {None: 1}}, r"\['a'\] has the key None"),
        ({"a": b"x"}, "is a bytes"),
        ({"a": {1, 2}}, "is a set"),
        ({"\udc80": 1}, "a key of the classification holds half"),
    ],
)
def test_what_no_reader_would_give_back_is_refused_with_its_place(data: Any, says: str) -> None:
    with pytest.raises(Unwritable, match=says):
        write(data)


@pytest.mark.parametrize("path", sorted(PUPPET.rglob("*.yaml")), ids=lambda p: p.name)
def test_our_own_files_for_puppet_are_read_the_same_by_both(ruby: Psych, path: Path) -> None:
    text = path.read_text()
    found = yaml.safe_load(text)
    assert ruby.read(text) == told(found)


FIRSTBOOT = PUPPET.parent / "discovery/firstboot/oci-firstboot"
CHALLENGES = st.text(alphabet="ABCxyz0123456789._:/@%+=,-", min_size=1, max_size=50)


@FEW
@given(CHALLENGES)
@example("2025-1-5")
@example(":443")
@example("2,4")
@example("<<")
def test_a_challenge_reaches_the_request_as_it_was_issued(ruby: Psych, challenge: str) -> None:
    """First boot writes it with one format, from what its own pattern lets through."""
    script = FIRSTBOOT.read_text()
    (form,) = re.findall(r"printf '([^']*)' \"\$CHALLENGE\"", script)
    text = form.replace("\\n", "\n").replace("%s", challenge)
    assert ruby.read(text) == told({"custom_attributes": {"1.2.840.113549.1.9.7": challenge}})
