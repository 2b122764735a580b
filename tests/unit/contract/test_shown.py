from __future__ import annotations

from typing import Any

from producer.contract.contents import Contents
from producer.contract.export import Options
from producer.contract.redaction.identity import Mode
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from tests.fakes import MemoryObjects
from tests.house import step
from tests.unit.contract.redaction.examples import MIXED
from tests.unit.contract.test_records import write

FIRST, SECOND = f"gh{'p_'}{MIXED[:36]}", f"gh{'p_'}{MIXED[35::-1]}"
MASK = "[redacted: github-token]"
IN_FILE = "[redacted_ github-token]"


def shown(steps: list[dict[str, Any]], redactor: Redactor | None = None, **execution: Any) -> ShownRecord:
    return ShownRecord(write(MemoryObjects(), steps, **execution).record, redactor or Redactor())


def names(record: ShownRecord, **options: Any) -> list[str]:
    return list(Contents(record, Options(**options), "a.zip").file_names())


def test_header_index_and_steps_are_masked() -> None:
    record = shown([step("fetch", output=FIRST), step(f"call {FIRST}")], input=SECOND)
    assert record.document.header.execution.input == MASK
    assert record.masked == {"github-token": 1}
    assert record.masked_name == {}
    assert [entry.name for entry in record.entries()] == ["fetch", f"call {MASK}"]
    assert [(one.position, one.document.step.name, one.document.step.output) for one in record.steps()] == [
        (0, "fetch", MASK),
        (1, f"call {MASK}", None),
    ]
    assert [one.masked for one in record.steps()] == [{"github-token": 1}] * 2


def test_off_shows_the_record_as_it_is() -> None:
    record = shown([step(FIRST, output=SECOND)], Redactor(Mode.OFF), input=SECOND)
    assert record.document.header.execution.input == SECOND
    assert [one.document.raw for one in record.steps()] == [step(FIRST, output=SECOND)]
    assert [entry.name for entry in record.entries()] == [FIRST]


def test_different_steps_whose_masked_names_are_equal_are_told_apart() -> None:
    assert names(shown([step(FIRST), step(SECOND), step("x")])) == [
        f"{IN_FILE}_success.md",
        f"{IN_FILE}~2_success.md",
        "x_success.md",
    ]


def test_runs_of_a_step_whose_name_is_masked_are_numbered() -> None:
    assert names(shown([step(FIRST), step(SECOND), step(FIRST, "failed"), step(SECOND)])) == [
        f"{IN_FILE}_1_success.md",
        f"{IN_FILE}~2_1_success.md",
        f"{IN_FILE}_2_failed.md",
        f"{IN_FILE}~2_2_success.md",
    ]


SECRET = range(3, 60, 7)


def test_of_many_steps_each_is_masked_as_if_it_were_alone() -> None:
    steps = [step(f"s{at}", output=SECOND if at in SECRET else "plain " * 500) for at in range(100)]
    masked = [one.document.step.output for one in shown(steps).steps()]
    assert masked == [MASK if at in SECRET else "plain " * 500 for at in range(100)]
    assert [one.masked for one in shown(steps).steps()] == [
        {"github-token": 1} if at in SECRET else {} for at in range(100)
    ]
