"""Members whose values come from a closed list: an enum in the contract, so that clients know the choices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class Word:
    """What goes out: one of `values`. It is told, not checked: a row that an older version wrote is shown as it is."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values = tuple(values)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "enum": list(self.values)}


class OneOf(Word):
    """What comes in: one of `values`, anything else is refused with the list. Put '' first where none is a choice too."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: str) -> str:
        if value not in self.values:
            choices = ", ".join(filter(None, self.values))
            raise PydanticCustomError("one_of", "must be one of {choices}", {"choices": choices})
        return value
