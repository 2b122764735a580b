from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import jsonschema
import pytest

from producer.contract import jsontext
from producer.contract.errors import InvalidRecord, NotCompleted
from producer.contract.record import (
    Step,
    in_utc,
    json_schema,
    read_header,
    read_step,
    unknown_fields,
)


def header(**execution: Any) -> dict[str, Any]:
    return {"workflow": {"id": "w"}, "execution": {"id": "e", "status": "succeeded", **execution}}


def test_the_least_that_a_header_needs() -> None:
    document = read_header(header())
    assert document.header.workflow_name == "w"
    assert document.header.execution.started_at is None


@pytest.mark.parametrize("name", [None, ""])
def test_a_workflow_without_a_name_is_called_by_its_id(name: str | None) -> None:
    value = {**header(), "workflow": {"id": "w", "name": name}}
    assert read_header(value).header.workflow_name == "w"


@pytest.mark.parametrize("status", ["queued", "running", "waiting"])
def test_an_execution_that_has_not_ended_is_refused_before_anything_else_is_found_wrong(status: str) -> None:
    with pytest.raises(NotCompleted) as raised:
        read_header({"execution": {"status": status}})
    assert raised.value.field == "execution.status"
    assert status in raised.value.detail


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({}, "workflow"),
        ({"workflow": {"id": "w"}}, "execution"),
        ({"workflow": {}, "execution": {"id": "e", "status": "failed"}}, "workflow.id"),
        ({"workflow": {"id": 5}, "execution": {"id": "e", "status": "failed"}}, "workflow.id"),
        ({"workflow": {"id": "w"}, "execution": {"status": "failed"}}, "execution.id"),
        ({"workflow": {"id": "w"}, "execution": {"id": "e"}}, "execution.status"),
        ({"workflow": {"id": "w"}, "execution": {"id": "e", "status": "done"}}, "execution.status"),
        ({"workflow": {"id": "w"}, "execution": {"id": "e", "status": None}}, "execution.status"),
        ({"workflow": {"id": "w", "name": 1}, "execution": {"id": "e", "status": "failed"}}, "workflow.name"),
        (header(started_at="2025-04-09"), "execution.started_at"),
        (header(finished_at=12), "execution.finished_at"),
        (header(url=3), "execution.url"),
    ],
)
def test_each_rule_of_the_header_names_its_field(value: Any, field: str) -> None:
    with pytest.raises(InvalidRecord) as raised:
        read_header(value)
    assert raised.value.field == field
    assert raised.value.remedy


@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_a_header_is_an_object(value: Any) -> None:
    with pytest.raises(InvalidRecord, match="object"):
        read_header(value)


@pytest.mark.parametrize("identifier", ["", ".", "..", "x" * 1025, "ü" * 513])
@pytest.mark.parametrize("part", ["workflow", "execution"])
def test_ids_have_bounds(part: str, identifier: str) -> None:
    value = header()
    value[part]["id"] = identifier
    with pytest.raises(InvalidRecord) as raised:
        read_header(value)
    assert raised.value.field == f"{part}.id"


@pytest.mark.parametrize("identifier", ["x", "x" * 1024, "ü" * 512, "...", "a/b", "../a", " ", "\x00"])
def test_other_ids_are_taken(identifier: str) -> None:
    assert read_header(header(id=identifier)).header.execution.id == identifier


def test_unknown_fields_are_kept_beside_the_model() -> None:
    value = {"name": "a", "status": "failed", "x-cost": 3, "output": {"k": 1}}
    document = read_step(value, 0)
    assert document.raw is value
    assert unknown_fields(document.raw, Step) == {"x-cost": 3}


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "timed-out", "skipped", "interrupted"])
def test_every_status_of_a_step_is_taken(status: str) -> None:
    assert read_step({"name": "", "status": status}, 0).step.status == status


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-04-09T14:59:56", datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC)),
        ("2025-04-09T14:59:56Z", datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC)),
        ("2025-04-09T16:59:56+02:00", datetime(2025, 4, 9, 14, 59, 56, tzinfo=UTC)),
        ("2025-04-09T14:59:56.123456-00:00", datetime(2025, 4, 9, 14, 59, 56, 123456, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_utc(text: str, moment: datetime) -> None:
    assert in_utc(read_header(header(started_at=text)).header.execution.started_at) == moment


def test_a_time_at_the_edge_of_the_calendar_keeps_its_digits() -> None:
    edge = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9)))
    assert in_utc(edge) == datetime(1, 1, 1, tzinfo=UTC)
    assert in_utc(None) is None


def test_the_schema_takes_what_the_models_take() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    whole = {**header(extra=1), "steps": [{"name": "", "status": "skipped", "children": [{"children": [{}]}]}], "x": 1}
    check.validate(whole)
    steps: list[dict[str, Any]] = [{**header(), "steps": {}}, {"steps": []}, {**whole, "steps": [{"name": "a"}]}]
    for broken in [*steps, header()]:
        assert not check.is_valid(broken)


def test_a_deep_record_is_refused_not_crashed_on() -> None:
    deep: Any = {}
    for _ in range(5_000):
        deep = {"children": [deep]}
    with pytest.raises(InvalidRecord, match="nested too deeply"):
        read_step({"name": "a", "status": "failed", **deep}, 1)


def test_a_header_survives_its_own_json() -> None:
    value = {**header(input={"n": 10**30}), "x-labels": ["a"]}
    assert read_header(jsontext.decode(jsontext.encode(value))).raw == value
