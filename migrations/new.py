"""Write the next migration from the difference between oci/db/tables.py and the migrations so far.

    python migrations/new.py "what changes"      the next revision
    python migrations/new.py --first             0001 anew; only before the first release

Read what it wrote: Alembic sees no renamed column and no changed data.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))


def _tidy(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if "# ###" not in line]
    path.write_text("\n".join(lines) + "\n")
    for words in (("format",), ("check", "--fix"), ("format",)):
        subprocess.run(["ruff", *words, "-q", str(path)], cwd=HERE.parent, check=True)


def main(words: list[str]) -> int:
    """Write one revision and print its path; 2 when the change is not named."""
    if len(words) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    if words[0] == "--first":
        (HERE / "versions" / "0001_first.py").unlink(missing_ok=True)
    message = "first" if words[0] == "--first" else words[0]
    number = 1 + sum(1 for _ in (HERE / "versions").glob("[0-9]*.py"))
    with tempfile.TemporaryDirectory() as empty:
        settings = Config()
        settings.set_main_option("script_location", str(HERE))
        settings.set_main_option("sqlalchemy.url", f"sqlite:///{empty}/empty.sqlite")
        command.upgrade(settings, "head")
        script = command.revision(settings, message, autogenerate=True, rev_id=f"{number:04}")
    assert script is not None and not isinstance(script, list)
    _tidy(Path(script.path))
    print(script.path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
