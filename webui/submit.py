"""Taking a form: post, redirect, get; a refusal shows the form again with the reason and its status."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import flash, g, redirect, render_template, request
from werkzeug.wrappers import Response

from oci.problems import Forbidden, Problem
from oci.services.usecase import operation_of
from webui.forms import Order
from webui.session import may

View = Callable[..., Any]
M = TypeVar("M")
Answer = Response | tuple[str, int]
NUMBER = f"int(min=1, max={2**31 - 1})"
"""A row's number in the address of a page: what no column holds is no page."""


def needs(*use_cases: View, **by_verb: View) -> Callable[[View], View]:
    """Refuse a page to those who may not do all `use_cases`, or the one that is called like the address's `verb`.

    The use case behind it refuses by itself as well.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def run(*args: Any, **kwargs: Any) -> Any:
            wanted = (*use_cases, *([by_verb[kwargs["verb"]]] if by_verb else []))
            for operation in map(operation_of, wanted):
                if not may(operation.name):
                    raise Forbidden(
                        f"this page needs the level {operation.level}; {g.actor.name} is {g.actor.level}. Ask an admin"
                    )
            return view(*args, **kwargs)

        return run

    return wrap


def done(words: str, url: str) -> Response:
    """Say what was done on the page that follows."""
    flash(words)
    return redirect(url, 303)


def submit(
    template: str, form: Order, do: Callable[[Any], M], then: Callable[[M], tuple[str, str]], **context: Any
) -> Answer:
    """Show `form`; when it was sent, `do` its order and go to where `then` says, with its words."""
    problem, status = "", 200
    if request.method == "POST":
        order = form.read()
        status = 400
        if order is not None:
            try:
                words, url = then(do(order))
            except Problem as refused:
                problem, status = str(refused), refused.status
            else:
                return done(words, url)
    return render_template(template, form=form, problem=problem, **context), status
