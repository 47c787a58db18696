"""What tests of controllers share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pretended import Benches


@pytest.fixture
def benches(tmp_path: Path) -> Iterator[Benches]:
    """A maker of controllers over machines that only pretend."""
    made = Benches(tmp_path)
    yield made
    made.end()
