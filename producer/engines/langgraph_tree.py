"""LangSmith's runs as one tree, from any of the forms in which runs are handed around.

Runs come nested (``child_runs``), as a flat list with ``parent_run_id``, in pages (``runs``), or as the batches that
LangSmith's client posts (``post`` opens runs, ``patch`` closes them), also several of these in a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from producer.contract.errors import InvalidRecord
from producer.engines.cursor import Cursor
from producer.engines.langgraph_statuses import run_word
from producer.engines.vocabulary import Phase


@dataclass
class Run:
    """One run of the trace. ``parent`` is the key of the run above it; None of a root."""

    fields: Cursor
    parent: str | None
    children: list[Run] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The run's name; empty where it has none."""
        return self.fields.get("name").text() or ""

    @property
    def kind(self) -> str:
        """What ran, such as chain, llm, tool or retriever."""
        return self.fields.get("run_type").text() or "chain"

    @property
    def metadata(self) -> Cursor:
        """What LangGraph and the user attached to the run."""
        return self.fields.get("extra", "metadata")

    @property
    def tags(self) -> list[str]:
        """The run's tags."""
        return [tag for tag in self.fields.get("tags").elements() if isinstance(tag, str)]


@dataclass(frozen=True)
class Trace:
    """A root run with everything below it. ``notes`` say what of the payload is not part of it."""

    root: Run
    notes: list[str]


def looks_like_runs(payload: Any) -> bool:
    """Whether the payload has one of the forms, judged by its first run."""
    first = payload[0] if isinstance(payload, list) and payload else payload
    if not isinstance(first, dict):
        return False
    if "headers" in first and isinstance(first.get("body"), dict):
        first = first["body"]
    for name in _LISTS:
        inside = first.get(name)
        if isinstance(inside, list) and inside and isinstance(inside[0], dict):
            first = inside[0]
            break
    return "run_type" in first and ("start_time" in first or "dotted_order" in first)


_LISTS: Final = ("post", "patch", "runs")


def read_trace(root: Cursor) -> Trace:
    """Read the one execution that the payload holds.

    Raises InvalidRecord where there is no root run, or more than one that has ended.
    """
    runs: dict[str, Run] = {}
    for entry in _entries(root):
        _collect(entry, None, runs)
    roots = [run for run in runs.values() if run.parent is None]
    if not roots:
        raise InvalidRecord(
            "The payload holds no root run, that is one without parent_run_id.",
            field=root.path or None,
            remedy="Send all runs of the trace: the root tells how the execution ended.",
        )
    chosen = _only_ended(roots)
    _link(runs, chosen)
    return Trace(chosen, [*_others(roots, chosen), *_unreached(runs, roots)])


def _entries(here: Cursor) -> Iterator[Cursor]:
    """Find the runs in a payload, whatever they are wrapped in."""
    if isinstance(here.value, list):
        for element in here.each():
            yield from _entries(element)
    elif here.has("headers") and isinstance(here.value.get("body"), dict):
        yield from _entries(here.get("body"))
    elif any(here.has(name) for name in _LISTS):
        for name in _LISTS:
            for element in here.get(name).each():
                yield from _entries(element)
    else:
        yield here


def _collect(entry: Cursor, above: str | None, runs: dict[str, Run]) -> None:
    """Put a run and those nested in it into one table; what is told twice of a run is put together."""
    fields = entry.fields()
    key = entry.get("id").label() or entry.path
    parent = above or _parent(entry)
    known = runs.get(key)
    if known is None:
        runs[key] = Run(Cursor({k: v for k, v in fields.items() if k != "child_runs"}, entry.path), parent)
    else:
        later = {k: v for k, v in fields.items() if v is not None and k != "child_runs"}
        known.fields = Cursor({**known.fields.fields(), **later}, entry.path)
        known.parent = known.parent or parent
    for child in entry.get("child_runs").each():
        _collect(child, key, runs)


def _parent(entry: Cursor) -> str | None:
    above = entry.get("parent_run_id").label()
    listed = entry.get("parent_run_ids").elements()
    return above or (str(listed[-1]) if listed else None)


def _only_ended(roots: list[Run]) -> Run:
    ended = [run for run in roots if not isinstance(run_word(run.fields).meaning, Phase)]
    if len(ended) > 1:
        ids = ", ".join(run.fields.get("id").label() or "?" for run in ended[:5])
        raise InvalidRecord(
            f"The payload holds {len(ended)} executions ({ids}).",
            field=ended[1].fields.path or None,
            remedy="Send the runs of one trace at a time.",
        )
    return (ended or roots)[0]


def _link(runs: dict[str, Run], root: Run) -> None:
    """Hang every run below the run above it; one whose parent is absent goes to the root of its trace."""
    trace = root.fields.get("id").label()
    for run in runs.values():
        if run.parent is None:
            continue
        above = runs.get(run.parent)
        if above is None and run.fields.get("trace_id").label() in {trace, None}:
            above = root
        if above is not None:
            above.children.append(run)


def _others(roots: list[Run], chosen: Run) -> Iterator[str]:
    others = [run for run in roots if run is not chosen]
    if others:
        names = ", ".join(f"{run.name} ({run.fields.get('id').label()})" for run in others[:10])
        yield f"The event also held runs of other executions, which are not shown: {names}."


def _unreached(runs: dict[str, Run], roots: list[Run]) -> Iterator[str]:
    waiting, reached = list(roots), 0
    while waiting:
        run = waiting.pop()
        reached += 1
        waiting.extend(run.children)
    if reached < len(runs):
        yield f"{len(runs) - reached} of the runs hang below no run of this execution and are not shown."
