"""The steps of a Dagster run: every attempt of every step, mapped ones included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final, NamedTuple

from producer.contract.record import Status
from producer.engines import dagster_logs, dagster_metadata, dagster_values
from producer.engines.cursor import Cursor, present
from producer.engines.dagster_events import Attempt, Event, attempts_of
from producer.engines.dagster_statuses import EVENTS, STATS
from producer.engines.iterations import Place, iterations
from producer.engines.vocabulary import StepEnd

_MAPPED: Final = re.compile(r"(?P<name>.+?)\[(?P<key>.+)\]", re.DOTALL)
_LONGEST_NAME: Final = 100
_VALUES: Final = "Dagster does not keep the values of inputs and outputs; shown are where they came from and metadata."


class Run(NamedTuple):
    """One attempt as a step to be written, from events, from statistics, or none, of the plan; ``number`` is from 0."""

    key: str
    attempt: Attempt | None
    stats: Cursor
    times: tuple[str | None, str | None]
    number: int
    attempts: int

    @property
    def last(self) -> bool:
        """Whether it is the last attempt of its step."""
        return self.number >= self.attempts - 1


def steps(run: Cursor, events: list[Event], logs: Cursor, failures: Cursor) -> list[dict[str, Any]]:
    """Write all steps in the order of their start, then those of the plan that did not run."""
    attempts = attempts_of(events)
    runs = list(_runs(attempts, run.get("stepStats")))
    known = {one.key for one in runs}
    planned = [key for key in _never_ran(run, known) if key not in known]
    failed = {each.get("step").label(): each for each in failures.each()}
    runs += [Run(key, None, Cursor(None), (None, None), 0, 0) for key in planned]
    runs += [Run(key, None, Cursor(None), (None, None), 0, 0) for key in failed if key and key not in known]
    places = [_place(one) for one in runs]
    captured = dagster_logs.captured(logs, events)
    written = [_step(one, place, failed.get(one.key, Cursor(None))) for one, place in zip(runs, places, strict=True)]
    for step, number in zip(written, iterations(places), strict=True):
        step.update(present(iteration=number))
    _add_captured(written, runs, captured)
    return written


def _runs(attempts: list[Attempt], stats: Cursor) -> Iterator[Run]:
    """Go through the attempts: of the events where there are any, else of the statistics."""
    rows = {row.get("stepKey").text(): row for row in stats.each()}
    counts: dict[str, int] = {}
    for attempt in attempts:
        counts[attempt.step] = counts.get(attempt.step, 0) + 1
    for attempt in attempts:
        ends = (attempt.start, attempt.end)
        times = (ends[0].time if ends[0] else None, ends[1].time if ends[1] else None)
        row = rows.get(attempt.step, Cursor(None))
        yield Run(attempt.step, attempt, row, times, attempt.number, counts[attempt.step])
    found = [run for key, row in rows.items() if key and key not in counts for run in _of_stats(key, row)]
    yield from sorted(found, key=lambda run: (run.times[0] is None, run.times[0] or ""))


def _of_stats(key: str, row: Cursor) -> Iterator[Run]:
    tries = list(row.get("attempts").each()) or [row]
    for number, each in enumerate(tries):
        times = (each.get("startTime").time(), each.get("endTime").time())
        yield Run(key, None, row, times, number, len(tries))


def _never_ran(run: Cursor, known: set[str]) -> list[str]:
    """Name the plan's steps that did not run, each after those that it depends on."""
    needs: dict[str, list[str]] = {}
    for step in run.get("executionPlan", "steps").each():
        key = step.get("key").text()
        if key:
            above = (up.get("key").text() for each in step.get("inputs").each() for up in each.get("dependsOn").each())
            needs[key] = [up for up in above if up]
    mapped = {match["name"] for key in known if (match := _MAPPED.fullmatch(key))}
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError:
        order = list(needs)
    # The plan calls a step that is mapped only while the run goes on 'load[?]'.
    names = [(key, key.removesuffix("[?]")) for key in order if key in needs]
    return [name for key, name in names if name not in known and not (key != name and name in mapped)]


def _place(run: Run) -> Place:
    match = _MAPPED.fullmatch(run.key)
    if match:
        return Place(match["name"])
    return Place(run.key, None, run.number if run.attempts > 1 else None)


def _step(run: Run, place: Place, failure: Cursor) -> dict[str, Any]:
    end = _end(run, failure)
    attempt = run.attempt
    ending = attempt.end if attempt else None
    error = ending.whole.get("error") if ending else Cursor(None)
    text = dagster_metadata.error_text(error) or dagster_metadata.error_text(failure.get("err"))
    return present(
        name=place.name,
        status=end.status.value,
        started_at=run.times[0],
        finished_at=run.times[1],
        input=(dagster_values.inputs(attempt) if attempt else None) or None,
        output=(dagster_values.outputs(attempt) if attempt else None) or None,
        error=text or (_message(ending, failure) if end.status is Status.FAILED else None),
        log=dagster_logs.lines(attempt.events) if attempt else None,
        children=(list(dagster_values.children(attempt)) if attempt else []) or None,
        notes=[note for note in (end.note, *_remarks(run, failure)) if note] or None,
        details=_details(run, ending),
    )


def _end(run: Run, failure: Cursor) -> StepEnd:
    """Read how an attempt ended: what its events say, else the statistics, else whether it started at all."""
    attempt = run.attempt
    if attempt is not None and attempt.end is not None:
        return EVENTS.step(Cursor(attempt.end.type, f"{attempt.end.whole.path}.eventType"))
    started = attempt is not None and attempt.start is not None
    if run.stats.exists and (started or attempt is None):
        if not run.last:
            return StepEnd(Status.FAILED, None)
        return STATS.step(run.stats.get("status"))
    if failure.exists:
        return StepEnd(Status.FAILED, None)
    if started:
        return StepEnd(Status.INTERRUPTED, "The step was still running when the run ended.")
    return StepEnd(Status.SKIPPED, "The step did not run.")


def _message(ending: Event | None, failure: Cursor) -> str | None:
    return (ending.whole.get("message") if ending else failure.get("msg")).label()


def _remarks(run: Run, failure: Cursor) -> Iterator[str | None]:
    match = _MAPPED.fullmatch(run.key)
    if match:
        yield f"Mapped over '{match['key']}'."
    if run.attempts > 1:
        yield f"Attempt {run.number + 1} of {run.attempts}."
    if run.attempt is None and (run.stats.exists or failure.exists):
        yield "The event held no log of this step."
    if run.attempt and run.attempt.of_type("STEP_INPUT", "STEP_OUTPUT"):
        yield _VALUES


def _details(run: Run, ending: Event | None) -> dict[str, Any] | None:
    failure = ending.whole.get("failureMetadata", "metadataEntries") if ending else Cursor(None)
    match = _MAPPED.fullmatch(run.key)
    told = present(
        step_key=run.key if match else None,
        mapping_key=match["key"] if match else None,
        failure_metadata=dagster_metadata.values(failure) or None,
        statistics=run.stats.rest("stepKey", "status", "startTime", "endTime", "attempts") if run.last else None,
    )
    return told or None


def _written_by(run: Run, texts: list[str]) -> str:
    """Choose what an attempt's process wrote; where there is not one text for each attempt, the last one has all."""
    if texts and len(texts) == run.attempts:
        return texts[run.number]
    return "\n".join(filter(None, texts)) if run.last else ""


def _add_captured(written: list[dict[str, Any]], runs: list[Run], captured: dagster_logs.Captured) -> None:
    """Put what processes wrote to the attempts of their step; what one wrote for several, to the first step of all."""
    for step, run in zip(written, runs, strict=True):
        text = _written_by(run, captured.by_step.get(run.key, []))
        if text:
            step["log"] = "\n\n".join(part for part in (step.get("log"), text.rstrip()) if part)
    if not captured.rest or not written:
        return
    first, several = written[0], len(written) > 1
    for name, text in captured.rest.items():
        head = f"{name} of the process that ran all steps:" if several else f"{name}:"
        first["log"] = "\n\n".join(part for part in (first.get("log"), f"{head}\n{text.rstrip()}") if part)
    for step in written[1:]:
        if step["status"] != Status.SKIPPED.value:
            note = f"What the process wrote is shown with the first step, '{first['name'][:_LONGEST_NAME]}'."
            step["notes"] = [*step.get("notes", ()), note]
