"""The product's own source as tests of it read it: files, modules, imports. Nothing of it is imported here."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for top in ("oci", "webui") for p in (ROOT / top).rglob("*.py"))


def name_of(path: Path) -> str:
    """The file's name relative to the checkout, for messages."""
    return str(path.relative_to(ROOT))


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def part_of(module: str) -> str:
    """The part that a dotted module name belongs to; empty for what is not ours."""
    words = module.split(".")
    if words[0] == "webui":
        return "webui"
    return words[1] if words[0] == "oci" and len(words) > 1 else ""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def modules() -> frozenset[str]:
    return frozenset(module_of(path) for path in SOURCES)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of every module that the file imports, at its top or inside a function."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module_of(path).split(".")
            if path.name != "__init__.py":
                package = package[:-1]
            package = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            for alias in node.names:
                deeper = f"{base}.{alias.name}"
                yield node.lineno, deeper if deeper in modules() or base == "oci" else base


def has_usecase(path: Path) -> bool:
    """Whether the file defines a use case."""
    return any(
        isinstance(node, ast.FunctionDef) and any("usecase" in ast.dump(d) for d in node.decorator_list)
        for node in ast.walk(tree(path))
    )


def report(found: list[str]) -> None:
    assert not found, "\n".join(["", *found])


def files(part: str) -> list[Path]:
    return [path for path in SOURCES if part_of(module_of(path)) == part]


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)
