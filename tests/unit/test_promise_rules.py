"""A machine has many addresses and one promise: whoever asks for an address says which, and orders read only the promise."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from sources import ROOT, SOURCES, module_of, name_of, part_of, report, tree

# Functions that ask for addresses and may leave out which: they want every one. function: why.
OF_EVERY_ONE = {
    "_holders": "an address is somebody's, whatever network it is on",
    "check_promise": "none of the machine's addresses may be another's by now",
    "_stored_addresses": "none of all addresses may be what a setting claims",
    "_read": "a virtual address is in DNS whatever network it is on; those of machines are chosen by purpose",
}
# By which a query says which address it means: the purpose of its network, the network, or the cluster of a virtual one.
SAYS_WHICH = {"purpose", "network_id", "network"}


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef))


def asks_for_an_address(function: ast.FunctionDef) -> bool:
    """Whether one of its statements selects the column `ip`."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return any(
        isinstance(call.func, ast.Name)
        and call.func.id == "select"
        and any(isinstance(arg, ast.Attribute) and arg.attr == "ip" for arg in call.args)
        for call in calls
    )


def says_which(function: ast.FunctionDef) -> bool:
    words = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    words |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    return bool(words & SAYS_WHICH)


def test_who_asks_for_an_address_says_of_which_network() -> None:
    asking = [
        (path, function)
        for path in SOURCES
        if part_of(module_of(path)) in ("records", "services")
        for function in functions(path)
        if asks_for_an_address(function)
    ]
    assert len(asking) > 6
    report(
        [
            f"{name_of(path)}: {function.name} takes an address of any network; say its purpose"
            for path, function in asking
            if not says_which(function) and function.name not in OF_EVERY_ONE
        ]
    )
    assert set(OF_EVERY_ONE) <= {function.name for _, function in asking}, "an exception that nobody needs"


# What the orders of an install may be made of: the promise, the site, and who the machine is. Whatever a report, a role or a
# network says was looked at when the promise was approved.
NOT_IN_ORDERS = {
    "inventory",
    "nics",
    "cabling",
    "laid_out",
    "choices",
    "layout_of",
    "for_role",
    "of_rows",
    "Boot",
    "Network",
}


def test_orders_are_made_of_the_promise_and_of_nothing_that_was_reported() -> None:
    path = ROOT / "oci/services/path/works.py"
    makers = [function for function in functions(path) if function.name in ("_install_orders", "_resolvers", "_root_hash")]
    assert len(makers) == 3
    used = {
        word
        for function in makers
        for node in ast.walk(function)
        for word in ([node.attr] if isinstance(node, ast.Attribute) else [node.id] if isinstance(node, ast.Name) else [])
    }
    assert "to_carry_out" in used and not used & NOT_IN_ORDERS


def test_what_an_order_is_rendered_from_is_the_promise_alone() -> None:
    source = (ROOT / "oci/render/machine/orders.py").read_text()
    modules = {
        node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("oci.domain")
    }
    assert modules and all(module.startswith("oci.domain.promise") for module in modules)
