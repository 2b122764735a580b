"""The directions in which modules may import, and who may speak to what."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.unit.sources import imports, modules, within

PRODUCT = ("producer", "worker", "runfolio")
STAGES = ("worker.reader", "worker.archive", "worker.callbacks", "worker.sources")

SPEAKERS = {
    "boto3": ("producer.contract.objects",),
    "botocore": (
        "producer.contract.objects",
        "runfolio.embedded.seaweedfs",  # asks, before any setting exists, whether the server that it started is up
    ),
    "obstore": ("producer.contract.objects",),
    "redis": (
        "producer.contract.board",
        "producer.app",  # the two composition roots make the clients
        "worker.app",
        "runfolio.embedded.valkey",  # asks whether the server that it started is up
    ),
    "celery": ("worker.celery", "worker.tasks"),
}
"""Libraries that speak to a server, and the only places that may import them."""


def trespasses(importer: str, imported: str, *, save: str | None = None) -> list[str]:
    return [
        f"{module.name} imports {name}"
        for module in modules(importer.partition(".")[0])
        if within(module.name, importer)
        for name in imports(module)
        if within(name, imported) and not (save and within(name, save))
    ]


@pytest.mark.parametrize("imported", ["worker", "runfolio", "integrations", "tests", "bench"])
def test_the_producer_stands_alone(imported: str) -> None:
    assert trespasses("producer", imported) == []


@pytest.mark.parametrize("imported", ["runfolio", "integrations", "tests", "bench"])
def test_the_worker_knows_nobody_above_it(imported: str) -> None:
    assert trespasses("worker", imported) == []


def test_the_worker_knows_of_the_producer_only_the_contract_and_the_adapters() -> None:
    found = trespasses("worker", "producer", save="producer.contract")
    # What a source fetches becomes a record as an event does: by the engine's adapter, which is a pure function.
    assert [one for one in found if not one.startswith("worker.sources.completion imports producer.engines")] == []


def test_the_adapters_know_nothing_of_the_gateway() -> None:
    found = trespasses("producer.engines", "producer", save="producer.contract")
    assert [one for one in found if " imports producer.engines" not in one] == []


def test_the_contract_knows_nothing_of_the_producer_around_it() -> None:
    assert trespasses("producer.contract", "producer", save="producer.contract") == []


@pytest.mark.parametrize("imported", ["integrations", "tests", "bench"])
def test_the_command_knows_no_tests(imported: str) -> None:
    assert trespasses("runfolio", imported) == []


@pytest.mark.parametrize("stage", STAGES)
def test_the_stages_of_the_worker_do_not_know_each_other(stage: str) -> None:
    assert [trespass for other in STAGES if other != stage for trespass in trespasses(stage, other)] == []


@pytest.mark.parametrize("stage", STAGES)
def test_the_stages_do_not_know_what_puts_them_together(stage: str) -> None:
    assert [trespasses(stage, above) for above in ("worker.pages", "worker.pipeline", "worker.app")] == [[], [], []]


@pytest.mark.parametrize("library", SPEAKERS)
def test_few_places_speak_to_a_server(library: str) -> None:
    speakers = {module.name for module in modules(*PRODUCT) if any(within(name, library) for name in imports(module))}
    allowed = SPEAKERS[library]
    assert {speaker for speaker in speakers if not any(within(speaker, place) for place in allowed)} == set()
    assert [place for place in allowed if not any(within(speaker, place) for speaker in speakers)] == []


@pytest.mark.parametrize(
    "stage", ["producer.contract.render", "producer.contract.redaction", "worker.reader", "worker.archive"]
)
@pytest.mark.parametrize("library", ["producer.contract.objects", "producer.contract.board", "socket", "httpx", "os"])
def test_rendering_redaction_and_archiving_do_no_input_or_output(stage: str, library: str) -> None:
    assert trespasses(stage, library) == []


def test_nothing_reads_the_environment_when_imported() -> None:
    assert [
        f"{module.name}, line {node.lineno}"
        for module in modules(*PRODUCT)
        for node in run_at_import(module.tree)
        if reads_environment(node)
    ] == []


@pytest.mark.parametrize(
    "text",
    ["import os\nX = os.environ['A']", "class A:\n  x = getenv('A')", "def f(x=os.environ): pass", "if environ: pass"],
)
def test_reading_the_environment_when_imported_would_be_found(text: str) -> None:
    assert any(map(reads_environment, run_at_import(ast.parse(text))))


def test_reading_the_environment_when_called_is_no_reading_when_imported() -> None:
    assert not any(map(reads_environment, run_at_import(ast.parse("def f():\n  return os.environ"))))


@pytest.mark.parametrize("package", ["producer", "worker"])
def test_settings_alone_read_the_environment(package: str) -> None:
    readers = [
        module.name
        for module in modules(package)
        if any(reads_environment(node) for node in ast.walk(module.tree) if isinstance(node, ast.expr))
    ]
    assert readers == []


def run_at_import(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions that run when a module is imported: all but the bodies of functions."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inside: list[ast.AST] = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
    elif isinstance(node, ast.Lambda):
        inside = []
    else:
        inside = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.expr):
        yield node
    for one in inside:
        yield from run_at_import(one)


def reads_environment(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return node.id in {"environ", "getenv"}
    return isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
