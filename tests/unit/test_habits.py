"""Habits that no linter holds: what is caught, how long things are, nothing left for later."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.sources import ROOT, modules

PRODUCT = ("producer", "worker", "runfolio")
SHIPPED = (*PRODUCT, "integrations")
EVERYTHING = (*SHIPPED, "tests", "bench")
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50

BROAD = {
    "worker.pipeline": "whatever a record does to the renderer, the export's user is told of it, under its lease",
    "integrations.airflow.runfolio_listener": "it runs in Airflow's scheduler, which must not stumble over it",
    "integrations.prefect.runfolio_hook": "it runs beside a flow, whose own work is done and must stay so",
}
"""The modules that catch everything, each with its reason; everywhere else ``RunfolioError`` is what is expected."""

LATER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
WRITTEN = {".py", ".html", ".md", ".css", ".js", ".lua", ".sh", ".yml", ".toml"}


def test_nothing_is_caught_broadly() -> None:
    broad = {module.name: lines for module in modules(*SHIPPED) if (lines := list(broad_handlers(module.tree)))}
    assert {name: lines for name, lines in broad.items() if name not in BROAD} == {}
    assert set(BROAD) - set(broad) == set()


@pytest.mark.parametrize(
    "text",
    [
        "try: f()\nexcept: pass",
        "try: f()\nexcept (ValueError, Exception): pass",
        "with contextlib.suppress(BaseException): f()",
    ],
)
def test_catching_everything_would_be_found(text: str) -> None:
    assert list(broad_handlers(ast.parse(text)))


def broad_handlers(tree: ast.Module) -> Iterator[int]:
    """Yield the lines on which everything is caught."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler | ast.Call) and catches_everything(node):
            yield node.lineno


def catches_everything(node: ast.ExceptHandler | ast.Call) -> bool:
    if isinstance(node, ast.ExceptHandler):
        caught = node.type
        if caught is None:
            return True
        return any(is_broad(one) for one in (caught.elts if isinstance(caught, ast.Tuple) else [caught]))
    return ast.unparse(node.func).endswith("suppress") and any(map(is_broad, node.args))


def is_broad(node: ast.expr) -> bool:
    return ast.unparse(node) in {"Exception", "BaseException", "builtins.Exception", "builtins.BaseException"}


def test_types_are_ready_before_msgspec_reads_them() -> None:
    unready = {module.name: found for module in modules(*PRODUCT) if (found := list(unready_types(module.tree)))}
    del unready["producer.contract.ready"]
    assert unready == {}


@pytest.mark.parametrize(
    "text",
    ["msgspec.json.decode(d, type=Export)", "msgspec.convert(v, list[Export])", "msgspec.msgpack.Decoder(Export)"],
)
def test_a_type_that_is_not_ready_would_be_found(text: str) -> None:
    assert list(unready_types(ast.parse(text)))


def unready_types(tree: ast.Module) -> Iterator[str]:
    """Yield the types that msgspec is given to read and that may have fields it does not know yet."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not ast.unparse(node.func).startswith("msgspec."):
            continue
        function = ast.unparse(node.func).rpartition(".")[2]
        if function in {"convert", "Decoder"}:
            given = node.args[-1]
        elif function == "decode" and node.keywords:
            given = node.keywords[0].value
        else:
            continue
        names = {one.id for one in ast.walk(given) if isinstance(one, ast.Name)}
        is_ready = isinstance(given, ast.Call) and ast.unparse(given.func) == "ready"
        if not is_ready and not names <= {"bytes", "str", "dict", "list", "Any", "msgspec"}:
            yield ast.unparse(node)


def test_modules_are_short() -> None:
    lengths = {module.name: module.text.count("\n") for module in modules(*SHIPPED)}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{module.name}.{name}": length for module in modules(*SHIPPED) for name, length in functions(module.tree)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every function's name and its length in lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_nothing_is_left_for_later() -> None:
    found = {path: LATER.findall(path.read_text(encoding="utf-8")) for path in files()}
    assert {str(path): words for path, words in found.items() if words} == {}


def files() -> Iterator[Path]:
    """Yield what people write: code, templates, documentation, configuration."""
    yield from (path for path in ROOT.iterdir() if path.suffix in WRITTEN)
    for package in EVERYTHING:
        yield from (path for path in (ROOT / package).rglob("*") if path.suffix in WRITTEN)


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc"}
    assert [module.name for module in modules(*EVERYTHING) if module.path.stem in drawers] == []
