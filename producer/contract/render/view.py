"""What a page shows, in order, before any markup: facts, sections, nested entries. Both formats follow it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from producer.contract import jsontext
from producer.contract.record import Entry, Execution, Header, Status, Step, Workflow, unknown_fields
from producer.contract.render.content import Block, content_block, item_blocks, json_block, markdown_block, text_block
from producer.contract.render.failure import error_blocks
from producer.contract.render.model import ContentsLine, StepPage, Summary
from producer.contract.render.text import one_line, shortened
from producer.contract.render.times import duration_between, duration_text, moment_text


class Fact(NamedTuple):
    """A row of the table of facts. ``status`` and ``url`` are given where the value is one."""

    name: str
    value: str
    status: Status | None = None
    url: str | None = None


class Section(NamedTuple):
    """Blocks under a heading. ``key`` is a word such as ``input``, unique on the page of one step."""

    key: str
    title: str
    blocks: Sequence[Block]


class NestedEntry(NamedTuple):
    """A nested entry, flattened: ``depth`` counts from 0, ``number`` from 1 in the order of reading."""

    number: int
    depth: int
    name: str
    kind: str | None
    status: str | None
    sections: Sequence[Section]


def title_of(name: str, iteration: int | None) -> tuple[str, str]:
    """Return a step's title and what distinguishes this run of it, which is empty where it ran once."""
    return one_line(name) or "(unnamed step)", "" if iteration is None else f"iteration {iteration}"


def contents_title(line: ContentsLine) -> tuple[str, str]:
    """Return the same for a line of a table of contents, with a very long name cut."""
    return title_of(shortened(line.title), line.iteration)


def status_text(status: str) -> str:
    """Write a status as words."""
    return one_line(status).replace("-", " ")


def step_facts(page: StepPage, zone: ZoneInfo) -> list[Fact]:
    """List the facts of a step."""
    step = page.document.step
    facts = [Fact("Status", status_text(step.status), step.status)]
    if page.iteration is not None:
        facts.append(Fact("Iteration", str(page.iteration)))
    if step.iteration is not None and step.iteration != page.iteration:
        facts.append(Fact("Iteration in the record", str(step.iteration)))
    return facts + _time_facts(step.started_at, step.finished_at, zone)


def summary_facts(summary: Summary, zone: ZoneInfo) -> list[Fact]:
    """List the facts of an execution."""
    workflow, execution = summary.header.header.workflow, summary.header.header.execution
    facts = [
        Fact("Status", status_text(execution.status), execution.status),
        Fact("Workflow", one_line(summary.header.header.workflow_name)),
        Fact("Workflow id", one_line(workflow.id)),
        Fact("Execution id", one_line(execution.id)),
        *_time_facts(execution.started_at, execution.finished_at, zone),
    ]
    if isinstance(execution.triggered_by, str | int | float):
        facts.append(Fact("Triggered by", _scalar(execution.triggered_by)))
    if execution.url is not None:
        facts.append(Fact("Address", one_line(execution.url) or "(empty)", url=web_address(execution.url)))
    return facts


def steps_line(summary: Summary) -> str:
    """Say how many steps the record has, by status in the order of the statuses."""
    counted = [f"{summary.counts[one]} {status_text(one)}" for one in Status if summary.counts.get(one)]
    return f"{summary.expected} ({', '.join(counted)})" if counted else str(summary.expected)


def omission(summary: Summary) -> str | None:
    """Return the sentence on steps that this file leaves out, or None where it holds all of them."""
    if summary.included == summary.expected:
        return None
    return f"This file holds {summary.included} of the {summary.expected} steps of the execution."


def contents_duration(line: ContentsLine) -> str:
    """Write the duration of a step in a table of contents; empty where it is not known."""
    duration = duration_between(line.started_at, line.finished_at)
    return "" if duration is None else duration_text(duration)


def web_address(url: str) -> str | None:
    """Return an address that may be a link: http and https only, and nothing in it that could pose as another."""
    shown = one_line(url)
    return url if shown == url and " " not in url and url.lower().startswith(("http://", "https://")) else None


def step_sections(page: StepPage) -> Iterator[Section]:
    """Yield the sections of a step that come before its nested entries."""
    step = page.document.step
    if step.description is not None:
        yield Section("description", "Description", (markdown_block(step.description),))
    yield from _input_output(step.input, step.input_media_type, step.output, step.output_media_type, "")
    if step.error is not None:
        yield Section("error", "Error", tuple(error_blocks(step.error)))
    if step.log is not None:
        yield Section("log", "Log", (text_block(step.log),))


def other_step_sections(page: StepPage) -> Iterator[Section]:
    """Yield the sections of what the record holds of a step beyond its model."""
    return _other_sections(page.document.raw, Step)


def step_entries(page: StepPage) -> Iterator[NestedEntry]:
    """Yield the nested entries of a step, parents before children, whatever their depth."""
    step = page.document.step
    if not step.children:
        return
    waiting = [iter(zip(step.children, page.document.raw.get("children") or (), strict=True))]
    number = 0
    while waiting:
        pair = next(waiting[-1], None)
        if pair is None:
            waiting.pop()
            continue
        entry, raw = pair
        number += 1
        yield _nested(number, len(waiting) - 1, entry, raw)
        waiting.append(iter(zip(entry.children, raw.get("children") or (), strict=True)))


def execution_sections(summary: Summary) -> Iterator[Section]:
    """Yield the sections of an execution, which come before its steps."""
    execution = summary.header.header.execution
    if execution.triggered_by is not None and not isinstance(execution.triggered_by, str | int | float):
        yield Section("triggered-by", "Triggered by", (json_block(execution.triggered_by),))
    yield from _input_output(
        execution.input, execution.input_media_type, execution.output, execution.output_media_type, "Execution "
    )
    if execution.error is not None:
        yield Section("error", "Execution error", tuple(error_blocks(execution.error)))
    other = _other_header_fields(summary.header.raw)
    of_execution = other.get("execution", {})
    yield from _taken_notes(of_execution, "Notes on the execution")
    if not of_execution:
        other.pop("execution", None)
    if other:
        yield Section("other", "Other fields of the execution", (json_block(other),))


def _input_output(
    value: Any, media_type: str | None, result: Any, result_type: str | None, prefix: str
) -> Iterator[Section]:
    for key, content, its_type in (("input", value, media_type), ("output", result, result_type)):
        if content is not None or its_type is not None:
            yield Section(key, f"{prefix}{key}".capitalize(), (content_block(content, its_type),))


def _other_header_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    parts = {
        "workflow": unknown_fields(raw["workflow"], Workflow),
        "execution": unknown_fields(raw["execution"], Execution),
    }
    return {name: fields for name, fields in parts.items() if fields} | unknown_fields(raw, Header)


def _other_sections(raw: Mapping[str, Any], model: type[Struct]) -> Iterator[Section]:
    other = unknown_fields(raw, model)
    yield from _taken_notes(other, "Notes")
    if other:
        yield Section("other", "Other fields", (json_block(other),))


def _taken_notes(fields: dict[str, Any], title: str) -> Iterator[Section]:
    """Take ``notes`` out of other fields: that is where adapters of engines say what could not be had, and why."""
    blocks = item_blocks(fields.get("notes"))
    if blocks is not None:
        del fields["notes"]
        yield Section("notes", title, blocks)


def _nested(number: int, depth: int, entry: Entry, raw: Mapping[str, Any]) -> NestedEntry:
    sections = [*_input_output(entry.input, None, entry.output, None, ""), *_other_sections(raw, Entry)]
    name = one_line(entry.name) or "(unnamed)"
    return NestedEntry(number, depth, name, entry.kind, entry.status, sections)


def _time_facts(started: datetime | None, finished: datetime | None, zone: ZoneInfo) -> list[Fact]:
    if started is None and finished is None:
        return []
    facts = [Fact("Started", _moment(started, zone)), Fact("Finished", _moment(finished, zone))]
    duration = duration_between(started, finished)
    return facts if duration is None else [*facts, Fact("Duration", duration_text(duration))]


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return "not recorded" if moment is None else moment_text(moment, zone)


def _scalar(value: Any) -> str:
    return (one_line(value) or "(empty)") if isinstance(value, str) else jsontext.encode(value).decode()
