"""What no file of the product may say: a role's name, a shell, SQL made of text; and how no file is called."""

from __future__ import annotations

import ast

from sources import ROOT, SOURCES, calls, module_of, name_of, part_of, report, tree

ROLES = sorted(p.stem for p in (ROOT / "oci" / "roles").glob("*.yaml"))
NO_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "base", "misc"}


def _words_of_other_tables() -> set[str]:
    """Role names that are also ordinary words: phases, tables, purposes of networks, and types of service of a cloud."""
    from oci.db.tables import Table
    from oci.domain.networks.networks import PURPOSES
    from oci.domain.path.phases import PHASES
    from oci.records.cloud.proofs import NEEDED

    return {*PHASES, *Table.metadata.tables, *PURPOSES, *NEEDED}


def test_no_code_names_a_role() -> None:
    names = set(ROLES) - _words_of_other_tables()
    assert names
    report(
        [
            f"{name_of(path)}:{node.lineno}: {node.value!r} is a role; roles are data"
            for path in SOURCES
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Constant) and node.value in names
        ]
    )


def _is_role(node: ast.expr) -> bool:
    words = (
        [node.attr, *([node.value.id] if isinstance(node.value, ast.Name) else [])]
        if isinstance(node, ast.Attribute)
        else [node.id]
        if isinstance(node, ast.Name)
        else []
    )
    return "role" in words


def test_no_code_compares_a_role() -> None:
    found = []
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Match) and _is_role(node.subject):
                found.append(f"{name_of(path)}:{node.lineno}: matches on a role")
            if not isinstance(node, ast.Compare):
                continue
            sides = [node.left, *node.comparators]
            texts = [
                c
                for side in sides
                for c in ast.walk(side)
                if isinstance(c, ast.Constant) and isinstance(c.value, str) and c.value
            ]
            if texts and any(_is_role(side) for side in sides):
                found.append(f"{name_of(path)}:{node.lineno}: compares a role with {texts[0].value!r}")
    report(found)


def test_no_shell_is_started() -> None:
    found = []
    for path in SOURCES:
        for call, name in calls(path):
            if name in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"):
                found.append(f"{name_of(path)}:{call.lineno}: {name} starts a shell")
            if any(
                k.arg == "shell" and not (isinstance(k.value, ast.Constant) and k.value.value is False)
                for k in call.keywords
            ):
                found.append(f"{name_of(path)}:{call.lineno}: {name} with shell=")
            if name.startswith("subprocess.") and call.args and isinstance(call.args[0], ast.Constant | ast.JoinedStr):
                found.append(f"{name_of(path)}:{call.lineno}: {name} with a string instead of a list of arguments")
    report(found)


def _built(node: ast.expr) -> bool:
    """Whether a text is put together from parts."""
    return isinstance(node, ast.JoinedStr | ast.BinOp) or (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("format", "join", "replace")
    )


def test_no_sql_is_built_from_text() -> None:
    report(
        [
            f"{name_of(path)}:{call.lineno}: {name}() with a text that is put together"
            for path in SOURCES
            for call, name in calls(path)
            if name.rsplit(".", 1)[-1] in ("text", "execute", "exec_driver_sql", "executescript", "literal_column")
            and part_of(module_of(path)) in ("db", "context", "records", "services", "admin", "app")
            and call.args
            and _built(call.args[0])
        ]
    )


def test_no_drawer_for_everything() -> None:
    report(
        [
            f"{name_of(path)}: name it after the noun or the format that it holds"
            for path in SOURCES
            if NO_NAMES & {path.stem, *path.relative_to(ROOT).parts[:-1]}
            # There a file is named like its Puppet class.
            and ROOT / "oci" / "render" / "puppet" / "profiles" not in path.parents
        ]
    )
