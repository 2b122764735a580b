from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from producer.contract import jsontext
from producer.contract.errors import NotCompleted, NotFound
from producer.contract.export import Extra, Format, Options, StepFilter
from producer.events import STARTED, Event
from producer.executions import PAGE_BYTES
from tests.house import House, TestSender, record_of, step

STEPS = [step(f"s{number % 7}", "failed" if number % 3 == 0 else "succeeded", x_raw=number) for number in range(120)]
RECORD = record_of(STEPS, input={"n": 10**25}) | {"x_labels": ["a"]}


@pytest.fixture
def house() -> House:
    made = House()
    made.send(RECORD, export=[])
    return made


def test_an_execution_is_shown_as_it_was_sent(house: House) -> None:
    page = house.gateway.executions.page("wf", "e1", 0, 50)
    assert page.workflow == RECORD["workflow"]
    assert page.execution == RECORD["execution"]
    assert page.fields == {"x_labels": ["a"]}
    assert page.steps_by_status == {"failed": 40, "succeeded": 80}
    assert (page.step_count, page.next) == (120, 50)


def test_pages_together_are_all_steps(house: House) -> None:
    steps: list[Any] = []
    offset: int | None = 0
    while offset is not None:
        page = house.gateway.executions.page("wf", "e1", offset, 37)
        steps += page.steps
        offset = page.next
    assert steps == STEPS
    assert house.gateway.executions.page("wf", "e1", 500, 10).steps == []


def test_a_page_ends_early_where_steps_are_large(house: House) -> None:
    large = record_of([step(output="x" * (PAGE_BYTES // 3)) for _ in range(5)], execution="large")
    house.send(large, export=[])
    sizes = []
    offset: int | None = 0
    while offset is not None:
        page = house.gateway.executions.page("wf", "large", offset, 50)
        sizes.append(len(page.steps))
        offset = page.next
    assert sizes == [2, 2, 1]


def test_without_the_board_storage_is_asked(house: House) -> None:
    house.broker.down = True
    assert house.gateway.executions.record("wf", "e1").stored.step_count == 120
    house.broker.down = False
    house.lose_broker()
    assert house.gateway.executions.record("wf", "e1").stored.step_count == 120


def test_what_is_unknown_or_unfinished_is_said(house: House) -> None:
    with pytest.raises(NotFound):
        house.gateway.executions.record("wf", "unknown")
    started = jsontext.encode({"workflow": {"id": "wf"}, "execution": {"id": "runs"}})
    house.gateway.intake.event(Event(STARTED, "1", None, started), TestSender())
    with pytest.raises(NotCompleted):
        house.gateway.executions.record("wf", "runs")


def test_lists_show_workflows_and_executions(house: House) -> None:
    house.send(record_of([], workflow="other", execution="e9", started_at="2025-04-10T00:00:00Z"), export=[])
    shown = house.gateway.executions.workflows(None, lambda _: True, None, 50)
    assert [one.id for one in shown.items] == ["other", "wf"]
    assert [one.id for one in house.gateway.executions.workflows(None, "wf".__eq__, None, 50).items] == ["wf"]
    assert [one.execution_id for one in house.gateway.executions.executions("wf", "failed", None, 50).items] == []
    assert [one.execution_id for one in house.gateway.executions.executions("wf", None, None, 50).items] == ["e1"]


@pytest.mark.parametrize("output", list(Format))
@pytest.mark.parametrize("combine", [False, True])
@pytest.mark.parametrize("include", [(), (Extra.MANIFEST,)])
@pytest.mark.parametrize("steps", list(StepFilter))
@pytest.mark.parametrize("record", [RECORD, record_of([], execution="empty")], ids=["steps", "empty"])
def test_a_dry_run_foresees_the_archive(
    house: House, record: dict[str, Any], output: Format, combine: bool, include: tuple[Extra, ...], steps: StepFilter
) -> None:
    house.send(record, export=[])
    before = house.stored()
    options = Options(output, combine, include, steps)
    foreseen = house.gateway.executions.foresee("wf", record["execution"]["id"], options)
    assert (house.stored(), house.queue.exports) == (before, [])
    answer = house.request(record, format=output, combine=combine, include=list(include), steps=steps)
    house.settle_down()
    archive = house.gateway.exports.find(answer.export.id).archive
    assert archive is not None
    assert (foreseen.filename, foreseen.files) == (archive.filename, archive.files)
    (key,) = house.archives()
    names = zipfile.ZipFile(io.BytesIO(house.objects.get(key).data)).namelist()
    assert foreseen.names == names[:100]
    assert foreseen.estimated_size >= 0
