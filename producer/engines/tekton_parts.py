"""Tekton's objects in the forms in which they are sent: alone, in an event, in lists, or put together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from producer.engines.cursor import Cursor

_PIPELINE: Final = "PipelineRun"
_TASK: Final = "TaskRun"
_MEMBERS: Final = ("pipelineRun", "taskRun", "customRun", "run")
_LISTS: Final = ("pipelineRuns", "taskRuns", "customRuns", "runs", "items")


class Parts(NamedTuple):
    """The runs that a payload holds: of pipelines, and of tasks (custom ones too)."""

    pipelines: list[Cursor]
    tasks: list[Cursor]


def looks_like_tekton(payload: Any) -> bool:
    """Whether the payload holds an object of Tekton's, judged by the first."""
    if isinstance(payload, list):
        return bool(payload) and looks_like_tekton(payload[0])
    if not isinstance(payload, dict):
        return False
    if isinstance(payload.get("data"), dict) and str(payload.get("type")).startswith("dev.tekton."):
        return True
    if any(_kind(payload.get(name)) for name in _MEMBERS):
        return True
    items = next((payload[name] for name in _LISTS if isinstance(payload.get(name), list)), None)
    return _kind(payload) is not None or (items is not None and looks_like_tekton(items))


def read_parts(root: Cursor) -> Parts:
    """Find the runs in a payload, in the order given."""
    parts = Parts([], [])
    for found in _objects(root):
        (parts.pipelines if _kind(found.value) == _PIPELINE else parts.tasks).append(found)
    return parts


def _objects(here: Cursor) -> Iterator[Cursor]:
    if isinstance(here.value, list):
        for element in here.each():
            yield from _objects(element)
    elif isinstance(here.value, dict) and _kind(here.value) is None:
        yield from _inside(here)
    elif _kind(here.value) is not None:
        yield here


def _inside(here: Cursor) -> Iterator[Cursor]:
    for name in _MEMBERS:
        if here.get(name).exists:
            yield _meant(here.get(name), _PIPELINE if name == "pipelineRun" else _TASK)
    for name in _LISTS:
        inside = here.get(name)
        if inside.has("items"):
            yield from _objects(inside)
        else:
            yield from (one for element in inside.each() for one in _objects(_listed(element, name)))
    if isinstance(here.value.get("data"), dict):
        yield from _objects(here.get("data"))


def _listed(element: Cursor, name: str) -> Cursor:
    """Take an element of a list that is named for what it holds as that, whatever else it lacks."""
    if name == "items" or not isinstance(element.value, dict):
        return element
    return _meant(element, _PIPELINE if name == "pipelineRuns" else _TASK)


def _meant(one: Cursor, kind: str) -> Cursor:
    """Name the kind of an object whose sender told it by the place alone."""
    return one if one.has("kind") else Cursor({"kind": kind, **one.fields()}, one.path)


def _kind(value: Any) -> str | None:
    """Tell whether an object is the run of a pipeline or of a task; files often lack the kind."""
    if not isinstance(value, dict):
        return None
    kind = value.get("kind")
    if kind == _PIPELINE:
        return _PIPELINE
    if kind in (_TASK, "CustomRun", "Run"):
        return _TASK
    if kind is not None:
        return None
    keys = {name for part in ("spec", "status") if isinstance(value.get(part), dict) for name in value[part]}
    if keys & {"pipelineRef", "pipelineSpec", "childReferences"}:
        return _PIPELINE
    return _TASK if keys & {"taskRef", "taskSpec"} else None
