"""A cluster as one document: what it is called, its networks, its virtual addresses, its roles with their machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, ValidationError

from oci.domain.cluster.settings import LONGEST
from oci.domain.networks.networks import LAST_VLAN, MOST_MTU, PURPOSES, SERVES, USUAL_MTU
from oci.schemas.choice import OneOf
from oci.schemas.cloud.document import MOST_MISTAKES, Document, Mistake, Path, read
from oci.schemas.clusters.networks import RangeIn
from oci.schemas.words import DOMAIN, NAME, NAME_OR_EMPTY, PLAIN, PLAIN_OR_EMPTY, Strict

Settings = dict[str, Annotated[str, Field(max_length=LONGEST)]]
_SETTINGS: Any = Field({}, description="settings by name; `ocicli setting list` tells all of them")


class NetworkDoc(Strict):
    """A network. What exists and is not named here stays as it is."""

    purpose: Annotated[str, OneOf(PURPOSES)] = Field("provisioning", description="what it is for")
    cidr: str = Field(description="the network, like 10.0.0.0/24 or fd00:0:0:1::/64", max_length=64)
    gateway: str = Field("", description="default gateway", max_length=64)
    dns: list[str] = Field([], description="a list of DNS servers", max_length=4)
    vlan: int = Field(0, description="VLAN; 0: frames without a tag", ge=0, le=LAST_VLAN)
    mtu: int = Field(USUAL_MTU, description="largest packet, in octets", ge=576, le=MOST_MTU)
    routes: list[str] = Field([], description="routes like 10.9.0.0/16=10.0.0.1", max_length=64)
    place: str = Field("", description="where its VLAN is, when it is not everywhere", max_length=63, pattern=PLAIN_OR_EMPTY)
    serves: Annotated[str, OneOf(SERVES)] = Field("none", description="how DHCP serves it")
    exclusive: bool = Field(False, description="whether it is for this cluster alone: true or false")
    ranges: list[RangeIn] = Field([], description="what its addresses are for: first, last, use, note", max_length=64)


class VirtualDoc(Strict):
    """A virtual address, by which several machines are reached."""

    network: str = Field(description="the network that it is on", pattern=NAME)
    address: str = Field("", description="the address; left out: the next free one for that", max_length=64)


class MachineDoc(Strict):
    """One machine of a role; the name alone stands for `machine: NAME`."""

    machine: str = Field(
        description="its MAC, serial number, name or number; a MAC or a serial number means the same for ever",
        min_length=1,
        max_length=255,
        pattern=PLAIN,
    )
    hostname: str = Field("", description="short host name; left out: by the role's pattern", pattern=NAME_OR_EMPTY)
    addresses: dict[str, Annotated[str, Field(min_length=2, max_length=64)]] = Field(
        {}, description="address by network, where it is not to be the next free one"
    )
    settings: Settings = _SETTINGS


class TakeDoc(Strict):
    """Machines that nobody has yet, by what they are: the lowest numbers first."""

    count: int = Field(description="how many machines the role is to have in all", ge=1, le=10000)
    cores: int = Field(0, description="at least so many cores", ge=0, le=100000)
    memory_gib: int = Field(0, description="at least so much memory, in GiB", ge=0, le=1000000)
    vendor: str = Field("", description="of this vendor", max_length=128, pattern=PLAIN_OR_EMPTY)
    model: str = Field("", description="of this model", max_length=128, pattern=PLAIN_OR_EMPTY)


class RoleDoc(Strict):
    """A role of the cluster: its settings, and its machines by name or by rule."""

    settings: Settings = _SETTINGS
    machines: list[MachineDoc] = Field([], description="a list of machines", max_length=10000)
    take: TakeDoc | None = Field(None, description="machines by rule, beside those that are named")


class Declaration(Strict):
    """One cluster."""

    cluster: str = Field(description="name of the cluster", pattern=NAME)
    domain: str = Field(description="DNS domain of its machines", pattern=DOMAIN, max_length=190)
    network: str = Field(description="name of the network that its machines are installed over", pattern=NAME)
    settings: Settings = _SETTINGS
    networks: dict[Annotated[str, Field(pattern=NAME)], NetworkDoc] = Field({}, description="networks by name")
    addresses: dict[Annotated[str, Field(pattern=NAME)], list[VirtualDoc]] = Field(
        {}, description="virtual addresses by name: network and address, or a list of these"
    )
    roles: dict[str, RoleDoc] = Field({}, description="roles by name")


class Read(BaseModel):
    """A document that was read: the declaration, unless something is wrong with it."""

    model_config = {"arbitrary_types_allowed": True}

    declaration: Declaration | None
    document: Document
    mistakes: list[Mistake]


def _model_at(path: Path) -> type[BaseModel] | None:
    """The model that is written at `path` of a declaration; None for a value, a list or a mapping."""
    found: Any = Declaration
    for part in path:
        if isinstance(found, type) and issubclass(found, BaseModel):
            known = found.model_fields.get(str(part))
            found = known.annotation if known else None
        else:  # a list or a mapping: what is in it is its last argument
            found = get_args(found)[-1] if get_args(found) else None
        inner = [one for one in get_args(found) if isinstance(one, type) and issubclass(one, BaseModel)]
        if inner and getattr(found, "__origin__", None) not in (list, dict):
            found = inner[0]
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _meaning(path: Path) -> str:
    """What belongs at `path`, in words; empty when nobody says it."""
    around = _model_at(path[:-1]) if path else None
    known = around.model_fields.get(str(path[-1])) if around else None
    return (known.description or "") if known else ""


# What a pattern means, for people.
_ALPHABETS = {
    NAME: "must be 1 to 63 of a-z, 0-9 and -, with neither - at an end",
    NAME_OR_EMPTY: "must be 1 to 63 of a-z, 0-9 and -, with neither - at an end",
    DOMAIN: "must be a DNS name in small letters",
    PLAIN: "must be one line without control characters",
    PLAIN_OR_EMPTY: "must be one line without control characters",
}
_LIMITS = {
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "is longer than {max_length} characters",
    "string_too_short": "is too short",
    "too_long": "has more than {max_length}",
}
_KINDS = {
    "dict_type": "needs names and values below it",
    "model_type": "needs names and values below it",
    "list_type": "must be a list, each line of it beginning with `- `",
    "string_type": "must be one text",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "int_type": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
}


def _wrong(kind: str, said: str, about: Mapping[str, Any]) -> str:
    if kind == "string_pattern_mismatch":
        return _ALPHABETS.get(str(about.get("pattern")), said)
    return _LIMITS[kind].format(**about) if kind in _LIMITS else _KINDS.get(kind, said[:1].lower() + said[1:])


def _words(kind: str, said: str, path: Path, about: Mapping[str, Any]) -> str:
    """What is wrong at `path`, and what belongs there. Nothing of the value is repeated: it may be a secret."""
    meaning = _meaning(path)
    if kind == "missing":
        return f"is missing: {meaning}" if meaning else "is missing"
    if kind == "extra_forbidden":
        around = _model_at(path[:-1])
        known = ", ".join(around.model_fields) if around else ""
        return f"is not known here; known are {known}"
    wrong = _wrong(kind, said, about)
    return f"{wrong}: {meaning}" if meaning else wrong


def _errors(error: ValidationError, document: Document) -> Iterator[Mistake]:
    for one in error.errors(include_url=False, include_input=False):
        path = tuple(part for part in one["loc"] if part != "[key]")
        yield document.wrong(path, _words(one["type"], one["msg"], path, one.get("ctx", {})))


def _spelt_out(document: Document) -> Any:
    """The same with `machine: NAME` where the name of a machine stands alone, and lists of virtual addresses."""
    data = document.data
    virtual = data.get("addresses") if isinstance(data, dict) else None
    if isinstance(virtual, dict):
        document.alone |= {("addresses", name) for name, one in virtual.items() if isinstance(one, dict)}
        data["addresses"] = {name: [one] if isinstance(one, dict) else one for name, one in virtual.items()}
    roles = data.get("roles") if isinstance(data, dict) else None
    for role in roles.values() if isinstance(roles, dict) else ():
        machines = role.get("machines") if isinstance(role, dict) else None
        if isinstance(machines, list):
            role["machines"] = [{"machine": one} if isinstance(one, str) else one for one in machines]
    return data


def declared(text: str) -> Read:
    """The declaration in `text`, or every mistake in it by line."""
    document = read(text)
    mistakes, declaration = list(document.mistakes), None
    if document.data is not None:
        try:
            declaration = Declaration.model_validate(_spelt_out(document))
        except ValidationError as error:
            mistakes += _errors(error, document)
    ordered = sorted(set(mistakes))[:MOST_MISTAKES]
    return Read(declaration=None if ordered else declaration, document=document, mistakes=ordered)
