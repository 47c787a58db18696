"""Networks, their ranges and their addresses, as they cross the border."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from oci.domain.networks.networks import LAST_VLAN, MOST_MTU, PURPOSES, SERVES, USES, USUAL_MTU
from oci.schemas import looks
from oci.schemas.choice import OneOf
from oci.schemas.words import NAME, NAME_OR_EMPTY, PLAIN, PLAIN_OR_EMPTY, Strict

_ROUTE = "a network that is reached by a router of this one, as 10.9.0.0/16=10.0.0.1"
_CLUSTER: dict[str, Any] = looks.named("cluster.list")


class NetworkIn(Strict):
    """An IP network with a purpose: one family, one VLAN."""

    name: str = Field(description="name of the network", pattern=NAME)
    purpose: Annotated[str, OneOf(PURPOSES)] = Field("provisioning", description="what it is for")
    cidr: str = Field(description="the network, like 10.0.0.0/24 or fd00:0:0:1::/64", max_length=64)
    first: str = Field("", description="first address given to installed machines; empty: none is", max_length=64)
    last: str = Field("", description="last address given to installed machines", max_length=64)
    gateway: str = Field("", description="default gateway; empty: none", max_length=64)
    dns: list[str] = Field([], description="DNS servers", max_length=4)
    cluster: str = Field(
        "",
        description="the one cluster that it is for; empty: all of them",
        pattern=NAME_OR_EMPTY,
        json_schema_extra=_CLUSTER,
    )
    vlan: int = Field(0, description="VLAN; 0: frames without a tag", ge=0, le=LAST_VLAN)
    mtu: int = Field(USUAL_MTU, description="largest packet, in octets", ge=576, le=MOST_MTU)
    routes: list[str] = Field([], description=_ROUTE, max_length=64)
    place: str = Field("", description="where its VLAN is, when it is not everywhere", max_length=63, pattern=PLAIN_OR_EMPTY)
    serves: Annotated[str, OneOf(SERVES)] = Field(
        "none", description="how DHCP serves it: not at all, on the appliance's own wire, through a relay"
    )


class NetworkChange(Strict):
    """What is to be otherwise about a network; what is left out stays. Machines have it with their next promise."""

    gateway: str | None = Field(None, description="default gateway; empty: none", max_length=64)
    dns: list[str] | None = Field(None, description="DNS servers", max_length=4)
    vlan: int | None = Field(None, description="VLAN; 0: frames without a tag", ge=0, le=LAST_VLAN)
    mtu: int | None = Field(None, description="largest packet, in octets", ge=576, le=MOST_MTU)
    routes: list[str] | None = Field(None, description=_ROUTE, max_length=64)
    place: str | None = Field(
        None, description="where its VLAN is, when it is not everywhere", max_length=63, pattern=PLAIN_OR_EMPTY
    )
    serves: Annotated[str, OneOf(("", *SERVES))] = Field("", description="how DHCP serves it; empty: as before")


class RangeIn(Strict):
    """A part of a network, and what its addresses are for."""

    first: str = Field(description="first address", min_length=2, max_length=64)
    last: str = Field(description="last address", min_length=2, max_length=64)
    use: Annotated[str, OneOf(USES)] = Field(
        "machines",
        description="installed machines, machines that boot (DHCP lends these), virtual addresses, servers of a cloud's "
        "users (Neutron gives these, of a network with the purpose external), or nobody",
    )
    note: str = Field("", description="a line about it", max_length=200, pattern=PLAIN_OR_EMPTY)


class NetworkOut(NetworkIn):
    ranges: list[RangeIn] = Field([], description="what its addresses are for")
    used: int = Field(description="addresses that are somebody's")
    size: int = Field(description="addresses that can be given to machines")


class NetworkList(BaseModel):
    model_config = looks.NETWORKS

    networks: list[NetworkOut]


class NetworkName(BaseModel):
    """A network in a path."""

    name: str = Field(
        description="name of the network",
        min_length=1,
        max_length=63,
        pattern=PLAIN,
        json_schema_extra=looks.named("network.list"),
    )


class RangePath(NetworkName):
    """A range in a path."""

    first: str = Field(description="first address of the range", min_length=2, max_length=64, pattern=PLAIN)


class AddressPath(NetworkName):
    """An address in a path."""

    address: str = Field(description="the address", min_length=2, max_length=64, pattern=PLAIN)


class AddressIn(Strict):
    """An address that is given to no machine: a virtual one of a cluster, or one that is kept free."""

    address: str = Field("", description="the address; empty: the next free one that is for that", max_length=64)
    vip: str = Field("", description="name of the virtual address, such as api", pattern=NAME_OR_EMPTY)
    cluster: str = Field(
        "", description="the cluster whose virtual address it is", pattern=NAME_OR_EMPTY, json_schema_extra=_CLUSTER
    )
    note: str = Field("", description="why it is kept free", max_length=200, pattern=PLAIN_OR_EMPTY)


class AddressOut(BaseModel):
    address: str
    network: str
    holder: str = Field(description="who has it, in words")
    machine: str = Field("", description="the machine that has it")
    vip: str = Field("", description="the name of the virtual address, with its domain")
    note: str = ""


class AddressList(BaseModel):
    """The addresses of a network that are somebody's, by number."""

    model_config = looks.ADDRESSES

    addresses: list[AddressOut]
