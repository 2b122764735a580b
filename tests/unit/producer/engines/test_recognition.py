"""``auto`` must not give a payload to the wrong engine: every recorded file is held against every adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from producer.engines import ENGINES
from tests.unit.producer.engines.payloads import FIXTURES, load
from tests.unit.producer.engines.stepfunctions_payloads import body

FILES = sorted(path.relative_to(FIXTURES) for path in FIXTURES.glob("*/*") if path.suffix in {".json", ".yaml"})
WHOLE = [file for file in FILES if str(file).startswith(("argo/", "temporal/", "dagster/run_failed_debug"))]


def takers(payload: Any) -> set[str]:
    return {name for name, adapter in ENGINES.items() if adapter.recognises(payload)}


@pytest.mark.parametrize("file", FILES, ids=str)
def test_no_other_engine_takes_a_file_for_its_own(file: Path) -> None:
    assert takers(load(str(file))) <= {file.parent.name}


@pytest.mark.parametrize("file", WHOLE, ids=str)
def test_a_file_that_is_a_whole_payload_is_taken(file: Path) -> None:
    assert takers(load(str(file))) == {file.parent.name}


def test_an_execution_of_step_functions_is_taken() -> None:
    assert takers(body("test_start_execution_sync")) == {"stepfunctions"}


def test_there_are_files_to_hold_against_the_adapters() -> None:
    assert len({file.parent.name for file in FILES}) >= 6
