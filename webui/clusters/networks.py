"""Networks: what there is, one with its ranges and addresses, and forms for what becomes of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from oci.problems import Problem
from oci.schemas.clusters.networks import NetworkOut
from oci.services.clusters import addresses, clusters, networks
from webui.clusters.forms import ChangeNetwork, HoldAddress, NewNetwork, NewRange
from webui.forms import Order
from webui.session import ctx
from webui.submit import Answer, done, needs, submit


def _clusters() -> list[tuple[str, str]]:
    return [("", "all clusters"), *((c.name, c.name) for c in clusters.list_clusters(ctx()).clusters)]


def networks_page() -> Answer:
    """All networks, with how full each is; a post makes one."""
    form = NewNetwork()
    form.cluster.choices = _clusters()
    return submit(
        "clusters/networks.html",
        form,
        lambda order: networks.create_network(ctx(), order),
        lambda made: (f"Network {made.name} is there.", url_for("webui.network", name=made.name)),
        networks=networks.list_networks(ctx()).networks,
    )


def _forms(network: NetworkOut) -> dict[str, Order]:
    """The forms of one network's page, filled with what it is now."""
    told = network.model_dump()
    told |= {"dns": " ".join(network.dns), "routes": "\n".join(network.routes)}
    forms: dict[str, Order] = {
        "change": ChangeNetwork(data=told, prefix="change-"),
        "range": NewRange(prefix="range-"),
        "hold": HoldAddress(prefix="hold-"),
    }
    forms["hold"]["cluster"].choices = [("", "none"), *_clusters()[1:]]
    return forms


def _show(name: str, forms: dict[str, Order] | None = None, problem: str = "", at: str = "", status: int = 200) -> Answer:
    found = networks.show_network(ctx(), name)
    return render_template(
        "clusters/network.html",
        n=found,
        addresses=addresses.list_addresses(ctx(), name).addresses,
        forms=forms or _forms(found),
        problem=problem,
        at=at,
    ), status


def network(name: str) -> Answer:
    """One network."""
    return _show(name)


@needs(change=networks.change_network, range=networks.add_range, hold=addresses.hold_address)
def change(name: str, verb: str) -> Answer:
    """Do what one of the forms says: change the network, add a range, keep an address."""
    forms = _forms(networks.show_network(ctx(), name))
    order = forms[verb].read()
    if order is None:
        return _show(name, forms, "see what is said beside the fields", verb, 400)
    try:
        words = _do(name, verb, order)
    except Problem as refused:
        return _show(name, forms, str(refused), verb, refused.status)
    return done(words, url_for("webui.network", name=name))


def _do(name: str, verb: str, order: Any) -> str:
    if verb == "change":
        networks.change_network(ctx(), name, order)
        return f"{name} is changed. Machines have it with their next promise."
    if verb == "range":
        networks.add_range(ctx(), name, order)
        return f"{name} has one range more."
    return f"{addresses.hold_address(ctx(), name, order).address} is kept."


@needs(networks.delete_network, networks.delete_range, addresses.free_address)
def forget(name: str) -> Response:
    """Free an address, take a range away, or forget the whole network, as the form says."""
    if request.form.get("address"):
        addresses.free_address(ctx(), name, request.form["address"])
        return done(f"{request.form['address']} is free again.", url_for("webui.network", name=name))
    if request.form.get("first"):
        networks.delete_range(ctx(), name, request.form["first"])
        return done("Nothing more is given out of that range.", url_for("webui.network", name=name))
    networks.delete_network(ctx(), name)
    return done(f"Network {name} is forgotten.", url_for("webui.networks"))


@needs(networks.delete_network, networks.delete_range, addresses.free_address)
def ask_forget(name: str) -> str:
    """Ask before something is taken away from a network."""
    return render_template(
        "clusters/network_forget.html",
        n=networks.show_network(ctx(), name),
        address=request.args.get("address", ""),
        first=request.args.get("first", ""),
    )


def routes(bp: Blueprint) -> None:
    bp.get("/networks", endpoint="networks")(networks_page)
    bp.post("/networks", endpoint="make_network")(needs(networks.create_network)(networks_page))
    bp.get("/networks/<name>", endpoint="network")(network)
    bp.get("/networks/<name>/forget", endpoint="ask_forget_network")(ask_forget)
    bp.post("/networks/<name>/forget", endpoint="forget_network")(forget)
    bp.post("/networks/<name>/<any(change, range, hold):verb>", endpoint="change_network")(change)
