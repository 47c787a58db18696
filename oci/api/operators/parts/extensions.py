"""The x-members of our models, put into the contract: flask-openapi3 leaves out of a schema what it does not know itself.

Operations need no help: their x-members go through `openapi_extensions`.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Iterator
from typing import Any

from flask import Flask
from pydantic import BaseModel

import oci.schemas


def _models(model: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for child in model.__subclasses__():
        if child.__module__.startswith(f"{oci.schemas.__name__}."):
            yield child
        yield from _models(child)


def _beside(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name.startswith("x-")}


@functools.cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `model`; making it is slow."""
    return model.model_json_schema(mode="serialization")


def _components(schemas: dict[str, Any]) -> None:
    for model in _models():
        target = schemas.get(model.__name__)
        if target is None:
            continue
        source = _schema(model)
        target.update(_beside(source))
        for name, member in source.get("properties", {}).items():
            target["properties"][name].update(_beside(member))


def _parameters(operation: dict[str, Any], hints: dict[str, Any]) -> None:
    """`hints` are the types of the route's arguments: the model of its path, and that of its query."""
    for parameter in operation.get("parameters", ()):
        model = hints.get(parameter["in"])
        member = _schema(model)["properties"].get(parameter["name"], {}) if model else {}
        parameter["schema"].update(_beside(member))


def extend(document: dict[str, Any], app: Flask) -> dict[str, Any]:
    """`document`, the contract of `app`, with the x-members of every model that it names."""
    _components(document["components"]["schemas"])
    for rule in app.url_map.iter_rules():
        item = document["paths"].get(rule.rule.replace("<", "{").replace(">", "}"), {})
        for method in rule.methods or ():
            if operation := item.get(method.lower()):
                view = getattr(app.view_functions[rule.endpoint], "__wrapped__", None)
                _parameters(operation, typing.get_type_hints(view) if view else {})
    return document
