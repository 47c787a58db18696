"""Routes of networks, their ranges and their addresses."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.parts.access import ctx
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.schemas.clusters.networks import (
    AddressIn,
    AddressList,
    AddressOut,
    AddressPath,
    NetworkChange,
    NetworkIn,
    NetworkList,
    NetworkName,
    NetworkOut,
    RangeIn,
    RangePath,
)
from oci.services.clusters import addresses, networks

NETWORK = Tag(name="network", description="an IP network with a purpose")
ONE = "/v1/networks/<name>"


def _networks(app: OpenAPI) -> None:
    @app.get("/v1/networks", **operation(NETWORK, "list", answers(NetworkList), ""))
    def network_list() -> Response:
        """List networks, with how many of their addresses are somebody's"""
        return out(networks.list_networks(ctx()))

    @app.post(
        "/v1/networks",
        **operation(
            NETWORK,
            "create",
            answers(NetworkOut, 403, 404, 409, status=201),
            "provisioning --cidr 10.0.0.0/24 --first 10.0.0.11 --last 10.0.0.90",
            **{"x-name": "name"},
        ),
    )
    def network_create(body: NetworkIn) -> Response:
        """Make a network whose addresses OCI gives out"""
        return out(networks.create_network(ctx(), body), 201)

    @app.get(ONE, **operation(NETWORK, "show", answers(NetworkOut, 404), "provisioning"))
    def network_show(path: NetworkName) -> Response:
        """Show one network with its ranges"""
        return out(networks.show_network(ctx(), path.name))

    @app.put(ONE, **operation(NETWORK, "change", answers(NetworkOut, 403, 404, 409), "storage --mtu 9000"))
    def network_change(path: NetworkName, body: NetworkChange) -> Response:
        """Change a network; machines have it with their next promise"""
        return out(networks.change_network(ctx(), path.name, body))

    @app.delete(ONE, **operation(NETWORK, "delete", answers(None, 403, 404, 409, status=204), "storage"))
    def network_delete(path: NetworkName) -> tuple[str, int]:
        """Forget a network that nobody uses"""
        networks.delete_network(ctx(), path.name)
        return "", 204


def _ranges(app: OpenAPI) -> None:
    @app.post(
        f"{ONE}/ranges",
        **operation(
            NETWORK,
            "add-range",
            answers(NetworkOut, 403, 404, 409, status=201),
            "provisioning --first 10.0.0.200 --last 10.0.0.220 --use vip",
        ),
    )
    def network_add_range(path: NetworkName, body: RangeIn) -> Response:
        """Say what a part of a network is for"""
        return out(networks.add_range(ctx(), path.name, body), 201)

    @app.delete(
        f"{ONE}/ranges/<first>",
        **operation(NETWORK, "delete-range", answers(NetworkOut, 403, 404), "provisioning --first 10.0.0.200"),
    )
    def network_delete_range(path: RangePath) -> Response:
        """Give nothing more out of a range; who has an address of it keeps it"""
        return out(networks.delete_range(ctx(), path.name, path.first))


def _addresses(app: OpenAPI) -> None:
    @app.get(f"{ONE}/addresses", **operation(NETWORK, "addresses", answers(AddressList, 404), "provisioning"))
    def network_addresses(path: NetworkName) -> Response:
        """List the addresses of a network that are somebody's"""
        return out(addresses.list_addresses(ctx(), path.name))

    @app.post(
        f"{ONE}/addresses",
        **operation(
            NETWORK, "hold", answers(AddressOut, 403, 404, 409, status=201), "provisioning --vip api --cluster demo"
        ),
    )
    def network_hold(path: NetworkName, body: AddressIn) -> Response:
        """Keep an address for a virtual address of a cluster, or for a reason"""
        return out(addresses.hold_address(ctx(), path.name, body), 201)

    @app.delete(
        f"{ONE}/addresses/<address>",
        **operation(NETWORK, "free", answers(None, 403, 404, 409, status=204), "provisioning --address 10.0.0.200"),
    )
    def network_free(path: AddressPath) -> tuple[str, int]:
        """Give back an address that is virtual or kept free"""
        addresses.free_address(ctx(), path.name, path.address)
        return "", 204


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""
    _networks(app)
    _ranges(app)
    _addresses(app)
