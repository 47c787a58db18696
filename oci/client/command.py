"""One command, made from one operation of the contract: operationId -> noun and verb, members -> options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True)
class Option:
    """One option. `path` is where its value goes in the query or body, such as ('bmc', 'port')."""

    path: tuple[str, ...]
    where: str  # query | body
    type: str
    help: str
    required: bool = False
    default: Any = None
    secret: bool = False
    chosen: bool = False  # a secret that is made up here, and so is asked for twice

    @property
    def flag(self) -> str:
        return "--" + "-".join(self.path).replace("_", "-") + ("-file" if self.secret else "")

    @property
    def key(self) -> str:
        return "__".join(self.path)


@dataclass(frozen=True)
class Command:
    """One noun and verb, and the request that it makes. `wait` and `confirm` come from x-wait and x-confirm."""

    noun: str
    verb: str
    method: str
    route: str
    summary: str
    example: str
    options: tuple[Option, ...]
    name: Option | None = None  # the positional argument: a path parameter, or the member named by x-name
    in_path: bool = False
    wait: dict[str, list[str]] = field(default_factory=dict)
    confirm: str = ""
    words: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.noun} {self.verb}".strip()


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with its reference followed, and `X or null` taken as X."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return {**_resolve(document, choice), "description": schema.get("description", "")}
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return found
    return schema


def _members(
    document: dict[str, Any], schema: dict[str, Any], before: tuple[str, ...] = (), needed: bool = True
) -> list[Option]:
    found: list[Option] = []
    for name, raw in schema.get("properties", {}).items():
        member = _resolve(document, raw)
        required = needed and name in schema.get("required", ())
        if member.get("type") == "object" and "properties" in member:
            found += _members(document, member, (*before, name), required)
            continue
        secret = member.get("format") == "password"
        found.append(
            Option(
                (*before, name),
                "body",
                member.get("type", "string"),
                member.get("description", ""),
                required,
                raw.get("default"),
                secret,
                secret and member.get("minLength", 0) > 1,
            )
        )
    return found


def _command(document: dict[str, Any], method: str, route: str, told: dict[str, Any]) -> Command:
    noun, _, verb = told["operationId"].partition(".")
    options, name = [], None
    for parameter in told.get("parameters", ()):
        schema = _resolve(document, parameter["schema"])
        option = Option(
            (parameter["name"],),
            parameter["in"],
            schema.get("type", "string"),
            parameter.get("description", ""),
            parameter.get("required", False),
            schema.get("default"),
        )
        if parameter["in"] == "path":
            name = option
        else:
            options.append(option)
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        options += _members(document, _resolve(document, body))
    in_path = name is not None
    if not in_path:
        name = next((o for o in options if o.path == (told.get("x-name"),)), None)
    return Command(
        noun,
        verb,
        method.upper(),
        route,
        told.get("summary", ""),
        told.get("x-example", ""),
        tuple(options),
        name,
        in_path,
        told.get("x-wait", {}),
        told.get("x-confirm", ""),
    )


def commands(document: dict[str, Any]) -> dict[tuple[str, str], Command]:
    """Every command of the contract, by noun and verb."""
    found = (
        _command(document, method, route, told)
        for route, item in document["paths"].items()
        for method, told in item.items()
        if method in METHODS and not told.get("x-hidden")
    )
    return {(command.noun, command.verb): command for command in sorted(found, key=lambda c: (c.noun, c.verb))}


def request(command: Command, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Query and body of `command` from option values by key; an absent value is left to the appliance."""
    query: dict[str, Any] = {}
    body: dict[str, Any] = {}
    for option in command.options:
        value = values.get(option.key)
        if value is None:
            continue
        target = query if option.where == "query" else body
        for part in option.path[:-1]:
            target = target.setdefault(part, {})
        target[option.path[-1]] = value
    has_body = any(option.where == "body" for option in command.options)
    return query, body if has_body else None
