"""One command, made from one operation of the contract: operationId -> noun and verb, members -> options."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from oci.client.terminal.look import Look, look

FILE = "--file"
METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True)
class Option:
    """One option. `path` is where its value goes in the query or body, such as ('outer', 'inner')."""

    path: tuple[str, ...]
    where: str  # query | body
    type: str
    help: str
    required: bool = False
    default: Any = None
    secret: bool = False
    file: bool = False  # a whole document, given as the file that it is in
    directory: bool = False  # a place on this host, which the appliance is told in full
    chosen: bool = False  # a secret that is made up here, and so is asked for twice
    choices: tuple[str, ...] = ()  # the only values; '' among them means none
    names: str = ""  # the command, such as "noun.verb", that lists what this option names

    @property
    def flag(self) -> str:
        if self.file:
            return FILE
        return "--" + "-".join(self.path).replace("_", "-") + ("-file" if self.secret else "")

    @property
    def dest(self) -> str:
        """Where argparse keeps it: an option may be called like the positional argument, which is `name` there."""
        return "its_name" if self.key == "name" else self.key

    @property
    def key(self) -> str:
        return "__".join(self.path)


@dataclass(frozen=True)
class Command:
    """One noun and verb, and the request that it makes.

    `watch`, `confirm` and `follow` are x-watch, x-confirm and x-follow; `names` and `search` tell how an answer that is
    a list names its things, and which option narrows it to some.
    """

    noun: str
    verb: str
    method: str
    route: str
    summary: str
    example: str
    options: tuple[Option, ...]
    name: Option | None = None  # the positional argument: a path parameter, or the member named by x-name
    in_path: bool = False
    watch: dict[str, Any] = field(default_factory=dict)
    confirm: dict[str, Any] = field(default_factory=dict)
    follow: dict[str, Any] = field(default_factory=dict)
    look: Look = Look()  # noqa: RUF009 (frozen)
    names: str = ""
    search: str = ""

    @property
    def directory(self) -> Option | None:
        """The option that says where the files of the answer are written; None where it has none."""
        return next((option for option in self.options if option.directory), None) if self.look.files else None

    @property
    def title(self) -> str:
        return f"{self.noun} {self.verb}".strip()


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with its reference followed, and `X or null` taken as X. What stands beside the two is kept."""
    beside = {name: value for name, value in schema.items() if name == "description" or name.startswith("x-")}
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return {**_resolve(document, choice), "description": "", **beside}
    if "$ref" in schema:
        referred: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return {**referred, **beside}
    return schema


def _option(path: tuple[str, ...], where: str, raw: dict[str, Any], schema: dict[str, Any], **more: Any) -> Option:
    secret = schema.get("format") == "password"
    return Option(
        path,
        where,
        schema.get("type", "string"),
        more.pop("help", schema.get("description", "")),
        default=raw.get("default"),
        secret=secret,
        file=bool(schema.get("x-file")),
        directory=bool(schema.get("x-directory")),
        chosen=secret and schema.get("minLength", 0) > 1,
        choices=tuple(schema.get("enum", ())),
        names=schema.get("x-of", ""),
        **more,
    )


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
        found.append(_option((*before, name), "body", raw, member, required=required))
    return found


def _command(document: dict[str, Any], method: str, route: str, told: dict[str, Any]) -> Command:
    noun, _, verb = told["operationId"].partition(".")
    options, name = [], None
    for parameter in told.get("parameters", ()):
        schema = _resolve(document, parameter["schema"])
        option = _option(
            (parameter["name"],),
            parameter["in"],
            parameter["schema"],
            schema,
            help=parameter.get("description", ""),
            required=parameter.get("required", False),
        )
        if parameter["in"] == "path" and name is None:
            name = option
        else:
            options.append(option)
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        options += _members(document, _resolve(document, body))
    in_path, answer = name is not None, _answer(document, told)
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
        told.get("x-watch", {}),
        told.get("x-confirm", {}),
        {},
        look(answer, lambda raw: _resolve(document, raw)),
        answer.get("x-names", ""),
        answer.get("x-search", ""),
    )


def _answer(document: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """The schema of what comes back when all is well; empty where nothing does."""
    good: dict[str, Any] = next((answer for code, answer in told.get("responses", {}).items() if code.startswith("2")), {})
    schema = good.get("content", {}).get("application/json", {}).get("schema", {})
    return _resolve(document, schema)


def _follower(command: Command, told: dict[str, Any]) -> Command:
    """The command that asks again and again for what `command` lists."""
    options = tuple(o for o in command.options if o.path[0] in told["options"])
    texts = {name: told.get(name, "") for name in ("verb", "summary", "example")}
    return replace(command, follow=told, options=options, **texts)


def commands(document: dict[str, Any]) -> dict[tuple[str, str], Command]:
    """Every command of the contract, by noun and verb."""
    found = []
    for route, item in document["paths"].items():
        for method, told in item.items():
            if method in METHODS and not told.get("x-hidden"):
                found.append(_command(document, method, route, told))
                if "x-follow" in told:
                    found.append(_follower(found[-1], told["x-follow"]))
    return {(command.noun, command.verb): command for command in sorted(found, key=lambda c: (c.noun, c.verb))}


def path_parts(command: Command, name: str, values: dict[str, Any]) -> dict[str, str]:
    """The parameters of the request's path: what it is about is `name`, deeper parts of it are options."""
    parts = {option.path[0]: values[option.key] for option in command.options if option.where == "path"}
    if command.in_path and command.name:
        parts[command.name.path[0]] = name
    return parts


def request(command: Command, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Query and body of `command` from option values by key; an absent value is left to the appliance."""
    query: dict[str, Any] = {}
    body: dict[str, Any] = {}
    for option in command.options:
        value = values.get(option.key)
        if value is None or option.where == "path":
            continue
        target = query if option.where == "query" else body
        for part in option.path[:-1]:
            target = target.setdefault(part, {})
        target[option.path[-1]] = value
    has_body = any(option.where == "body" for option in command.options)
    return query, body if has_body else None
