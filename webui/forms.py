"""What all forms share. What is valid is said once, in oci.schemas; a form only knows which control shows a field."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_wtf import FlaskForm
from pydantic import BaseModel, ValidationError

WORDS = {
    "missing": "fill this in",
    "string_too_short": "this is too short; it has at least {min_length} characters",
    "string_too_long": "this is too long; it has at most {max_length} characters",
    "int_type": "this must be a whole number",
    "greater_than_equal": "this must be at least {ge}",
    "less_than_equal": "this must be at most {le}",
    "too_long": "these are too many; at most {max_length}",
}


class Order(FlaskForm):  # type: ignore[misc]
    """A form that yields a `model`. The session's guard checks the CSRF token, so the form does not."""

    model: ClassVar[type[BaseModel]]
    plain: ClassVar[tuple[str, ...]] = ()  # fields whose label says it all
    field_order: ClassVar[tuple[str, ...]] = ()

    class Meta:
        csrf = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, info in self.model.model_fields.items():
            if name in self._fields and name not in self.plain and not self[name].description:
                self[name].description = info.description or ""

    def values(self) -> dict[str, Any]:
        """The fields as the model wants them."""
        return {
            name: data.strip() if isinstance(data, str) and field.type != "PasswordField" else data
            for name, field in self._fields.items()
            if (data := field.data) is not None
        }

    def read(self) -> Any:
        """The order in the form, or None, with what is wrong beside each field."""
        if not self.validate():
            return None
        try:
            return self.model(**self.values())
        except ValidationError as wrong:
            for error in wrong.errors(include_url=False, include_input=False):
                self._blame(error)
            return None

    def _blame(self, error: Any) -> None:
        """Put one error of the model beside the field that it is about."""
        named = (str(part) for part in reversed(error["loc"]) if part in self._fields)
        field = self[next(named, next(iter(self._fields)))]
        if not field.data:
            words = "fill this in"
        elif error["type"] == "string_pattern_mismatch":
            words = f"{str(field.data)[:60]!r} does not fit: {field.description}"
        else:
            words = WORDS.get(error["type"], error["msg"]).format(**error.get("ctx", {}))
        field.errors = (*field.errors, words)
