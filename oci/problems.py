"""What may go wrong with a request, in the words of the product. Every surface tells them alike."""

from __future__ import annotations

from collections.abc import Sequence


class Problem(Exception):
    """A request that cannot be fulfilled. The text says what, why and what instead.

    `status` is the HTTP status and `code` the short stable word for programs.
    """

    status, code = 400, "bad-request"


class Mistaken(Problem):
    """A document with mistakes: `mistakes` are (line, where, what), and the text tells them all."""

    status, code = 422, "mistakes"

    def __init__(self, text: str, mistakes: Sequence[tuple[int, str, str]]) -> None:
        super().__init__(text)
        self.mistakes = tuple(mistakes)


class NotFound(Problem):
    status, code = 404, "not-found"


class Forbidden(Problem):
    status, code = 403, "forbidden"


class Unauthorised(Problem):
    status, code = 401, "unauthorised"


class Conflict(Problem):
    status, code = 409, "conflict"


class Gone(Problem):
    status, code = 410, "gone"


class TooLarge(Problem):
    status, code = 413, "too-large"


class TooMany(Problem):
    status, code = 429, "too-many"


class Unavailable(Problem):
    status, code = 503, "unavailable"
