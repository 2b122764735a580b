from __future__ import annotations

from typing import Any

import pytest

from producer.contract.contents import Contents
from producer.contract.export import Extra, Format, Options, StepFilter
from producer.contract.record import Status
from producer.contract.redaction.redactor import Redactor
from producer.contract.shown import ShownRecord
from tests.fakes import MemoryObjects
from tests.house import step
from tests.unit.contract.test_records import write

STEPS = [
    step("fetch"),
    step("think", "failed"),
    step("fetch", "timed-out"),
    step("wait", "cancelled"),
    step("end", "interrupted"),
    step("rest", "skipped"),
]


def contents(record: list[dict[str, Any]] = STEPS, **options: Any) -> Contents:
    return Contents(
        ShownRecord(write(MemoryObjects(), record).record, Redactor()), Options(**options), "virtual assistant_x.zip"
    )


def test_a_file_a_step_in_order() -> None:
    names = list(contents().file_names())
    assert names == [
        "fetch_1_success.md",
        "think_failed.md",
        "fetch_2_timed-out.md",
        "wait_cancelled.md",
        "end_interrupted.md",
        "rest_skipped.md",
    ]
    assert contents().file_count == contents().total == 6


def test_a_step_keeps_its_name_where_others_are_left_out() -> None:
    failed = contents(steps=StepFilter.FAILED)
    assert list(failed.file_names()) == ["think_failed.md", "fetch_2_timed-out.md", "end_interrupted.md"]
    assert failed.total == 3
    assert {entry.status for _, entry in failed.failures()} == {Status.FAILED, Status.TIMED_OUT, Status.INTERRUPTED}


@pytest.mark.parametrize(("output", "ending"), [(Format.MARKDOWN, "md"), (Format.HTML, "html")])
def test_combined_is_one_file_named_as_the_archive(output: Format, ending: str) -> None:
    one = contents(combine=True, format=output)
    assert list(one.file_names()) == [f"virtual assistant_x.{ending}"]
    assert (one.file_count, one.total) == (1, 6)


def test_the_manifest_comes_last() -> None:
    assert list(contents(include=(Extra.MANIFEST,)).file_names())[-1] == "manifest.json"
    assert contents(include=(Extra.MANIFEST,)).file_count == 7


@pytest.mark.parametrize(
    ("steps", "only"), [([], StepFilter.ALL), ([step("a")], StepFilter.FAILED)], ids=["no steps", "no failed steps"]
)
def test_with_no_step_to_show_there_is_a_summary(steps: list[dict[str, Any]], only: StepFilter) -> None:
    one = contents(steps, steps=only)
    assert one.combined
    assert list(one.file_names()) == ["virtual assistant_x.md"]
    assert one.file_count == 1
