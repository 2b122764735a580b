from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from producer.contract.errors import NotFound
from producer.contract.record import Status
from producer.outline import Outline, OutlinedStep, Outlines
from tests.house import House, Step, record_of, step

AT = "2025-04-09T15:00:0{}Z"
STEPS = [
    step("load", started_at=AT.format(0), finished_at=AT.format(1)),
    step("loop", output="first", x_kept=10**25),
    step("loop", "failed", output="second", error="Broken"),
    step("named", iteration=7),
    step("named", "timed-out", iteration=3),
    step("", "skipped"),
]


def outline_of(steps: list[dict[str, Any]], **fields: Any) -> Outline:
    house = House()
    house.send(record_of(steps, **fields), export=[])
    return Outline(house.gateway.executions.shown("wf", "e1"))


@pytest.fixture(name="outline", scope="module")
def outline_of_some_steps() -> Outline:
    return outline_of(STEPS, input="Hello")


def test_steps_are_told_in_their_order(outline: Outline) -> None:
    first, *others = outline.steps()
    at = [datetime(2025, 4, 9, 15, 0, second, tzinfo=UTC) for second in (0, 1)]
    assert first == OutlinedStep(0, "load", None, Status.SUCCEEDED, *at)
    assert [(one.position, one.name, one.iteration, one.status.value) for one in others] == [
        (1, "loop", 1, "succeeded"),
        (2, "loop", 2, "failed"),
        (3, "named", 7, "succeeded"),
        (4, "named", 3, "timed-out"),
        (5, "", None, "skipped"),
    ]
    assert [one.anchor for one in outline.steps()] == [f"step-{number}" for number in range(1, 7)]
    assert len(outline) == 6


@pytest.mark.parametrize(
    ("offset", "limit", "positions"),
    [
        (0, 2, [0, 1]),
        (4, 10, [4, 5]),
        (2, None, [2, 3, 4, 5]),
        (6, 5, []),
        (10**9, 100, []),
        (0, 0, []),
    ],
)
def test_a_part_of_the_steps_is_told(outline: Outline, offset: int, limit: int | None, positions: list[int]) -> None:
    assert [one.position for one in outline.steps(offset, limit)] == positions


def test_a_part_numbers_runs_as_the_whole_does(outline: Outline) -> None:
    whole = [*outline.steps()]
    assert [*outline.steps(2, 3)] == whole[2:5]


def test_one_step_is_read_whole(outline: Outline) -> None:
    page = outline.page(2)
    assert page.document.raw == STEPS[2]
    assert (page.iteration, page.anchor, page.notes) == (2, "step-3", ())
    assert outline.page(1).document.raw["x_kept"] == 10**25
    assert outline.page(0).iteration is None


@pytest.mark.parametrize("position", [6, 7, 10**12])
def test_a_step_that_is_not_there_is_not_found(outline: Outline, position: int) -> None:
    with pytest.raises(NotFound, match=f"no step {position + 1}") as caught:
        outline.page(position)
    assert caught.value.remedy == "It has 6; they are counted from 1."


def test_an_execution_without_steps_has_an_outline() -> None:
    outline = outline_of([])
    assert (len(outline), [*outline.steps()]) == (0, [])
    with pytest.raises(NotFound) as caught:
        outline.page(0)
    assert "1 to 0" not in str(caught.value.remedy)


def test_the_summary_is_of_all_steps(outline: Outline) -> None:
    summary = outline.summary
    assert summary.header.header.execution.input == "Hello"
    assert (summary.included, summary.expected) == (6, 6)
    assert summary.counts == {"succeeded": 3, "failed": 1, "timed-out": 1, "skipped": 1}


def test_an_outline_does_not_read_the_steps_and_a_page_reads_one() -> None:
    house = House()
    house.send(record_of([step(f"s{number % 3}", output="x" * 1000) for number in range(300)]), export=[])
    streamed: list[tuple[int, int]] = []

    def around(call: Step, act: Callable[[], Any]) -> Any:
        if call.method == "stream":
            streamed.append((call.arguments[1], call.arguments[2]))
        return act()

    house.gateway.wire.around = around
    outline = Outline(house.gateway.executions.shown("wf", "e1"))
    assert [one.iteration for one in outline.steps(297)] == [100, 100, 100]
    assert streamed == []
    assert outline.page(299).iteration == 100
    ((start, end),) = streamed
    assert end - start < 2000


def test_an_outline_is_kept_while_its_record_is_the_newest() -> None:
    house = House()
    house.send(record_of(STEPS), export=[])
    outlines = Outlines(house.gateway.executions)
    first = outlines.of("wf", "e1")
    assert outlines.of("wf", "e1") is first
    house.clock.advance(1)
    house.send(record_of([step("other")]), export=[])
    assert [one.name for one in outlines.of("wf", "e1").steps()] == ["other"]


def test_few_outlines_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producer.outline._KEPT", 2)
    house = House()
    for name in ("a", "b", "c"):
        house.send(record_of(STEPS, execution=name), export=[])
    outlines = Outlines(house.gateway.executions)
    first, second = outlines.of("wf", "a"), outlines.of("wf", "b")
    assert outlines.of("wf", "a") is first
    third = outlines.of("wf", "c")
    assert outlines.of("wf", "a") is first
    assert outlines.of("wf", "c") is third
    assert outlines.of("wf", "b") is not second


def test_a_large_outline_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producer.outline._LARGEST", len(STEPS) - 1)
    house = House()
    house.send(record_of(STEPS), export=[])
    outlines = Outlines(house.gateway.executions)
    assert outlines.of("wf", "e1") is not outlines.of("wf", "e1")


def test_an_execution_that_is_gone_has_no_outline() -> None:
    outlines = Outlines(House().gateway.executions)
    with pytest.raises(NotFound):
        outlines.of("wf", "e1")
