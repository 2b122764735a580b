"""What the attempt of a Dagster step tells of its inputs, its outputs, and of assets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from producer.contract.record import Status
from producer.engines import dagster_metadata
from producer.engines.cursor import Cursor, present
from producer.engines.dagster_events import Attempt

_ASSETS: Final[Mapping[str, str]] = {
    "ASSET_MATERIALIZATION": "asset materialization",
    "ASSET_OBSERVATION": "asset observation",
    "ASSET_CHECK_EVALUATION": "asset check",
    "STEP_EXPECTATION_RESULT": "expectation",
}


def inputs(attempt: Attempt) -> dict[str, Any]:
    """Tell of every input where it was loaded from."""
    found: dict[str, Any] = {}
    for event in attempt.of_type("STEP_INPUT"):
        found.setdefault(event.whole.get("inputName").label() or "input", [])
    for event in attempt.of_type("LOADED_INPUT"):
        name, source = _loaded(event.whole)
        found.setdefault(name or next(iter(found), "input"), []).append(source)
    return {
        name: (sources[0] if len(sources) == 1 else sources) or "not loaded from a step"
        for name, sources in found.items()
    }


_LOADED: Final = re.compile(r'Loaded input "(?P<name>[^"]*)".*?(?:, from (?P<source>output .*))?', re.DOTALL)


def _loaded(event: Cursor) -> tuple[str | None, str]:
    name, step = event.get("inputName").label(), event.get("upstreamStepKey").label()
    if step:
        return name, f'output "{event.get("upstreamOutputName").label() or "result"}" of step "{step}"'
    message = event.get("message").label() or ""
    match = _LOADED.fullmatch(message)
    if match is None:
        return name, message
    return name or match["name"], match["source"] or message


def outputs(attempt: Attempt) -> dict[str, Any]:
    """Show what is known of every output: metadata, and where the value was stored."""
    found: dict[str, dict[str, Any]] = {}
    latest = None
    for event in attempt.of_type("STEP_OUTPUT", "HANDLED_OUTPUT"):
        name = event.whole.get("outputName").label() or "result"
        key = event.whole.get("mappingKey").label() or _key(event.whole)
        if event.type == "STEP_OUTPUT":
            latest = f"{name}[{key}]" if key else name
        shown = found.setdefault(latest or name, {})
        shown.update(dagster_metadata.values(event.whole.get("metadataEntries")))
    return found


_KEY: Final = re.compile(r'mapping key "([^"]*)"')


def _key(event: Cursor) -> str | None:
    match = _KEY.search(event.get("message").label() or "")
    return match[1] if match else None


def children(attempt: Attempt) -> Iterator[dict[str, Any]]:
    """Show Markdown of the metadata as it is meant, and what the step told of assets and checks."""
    for event in attempt.events:
        label = _asset(event.whole)
        for title, text in dagster_metadata.documents(event.whole.get("metadataEntries")):
            yield present(name=title, kind="metadata", output=text)
        if event.type in _ASSETS:
            checked = _evaluation(event.whole)
            own = {**dagster_metadata.values(event.whole.get("metadataEntries")), **(checked[1] or {})}
            yield present(
                name=label or event.whole.get("message").label() or "",
                kind=_ASSETS[event.type],
                status=checked[0],
                output=own or None,
                details=event.whole.rest(*_SHOWN_OF_ASSET),
            )


_SHOWN_OF_ASSET: Final = (
    "__typename",
    "runId",
    "timestamp",
    "level",
    "stepKey",
    "solidHandleID",
    "eventType",
    "metadataEntries",
    "assetKey",
)


def _asset(event: Cursor) -> str | None:
    check = event.get("evaluation", "checkName").label() or event.get("data", "check_name").label()
    if check:
        return check
    data = event.get("data")
    candidates = (
        event.get("assetKey"),
        event.get("materialization", "assetKey"),
        data.get("materialization", "asset_key"),
    )
    for key in candidates:
        path = key.get("path").value if isinstance(key.value, dict) else None
        if isinstance(path, list):
            return "/".join(map(str, path))
    return None


def _evaluation(event: Cursor) -> tuple[str | None, dict[str, Any] | None]:
    """Read whether a check passed, and its metadata."""
    for place in (event.get("evaluation"), event.get("expectationResult"), event.get("data")):
        if not isinstance(place.value, dict):
            continue
        success = place.get("success").value if place.has("success") else place.get("passed").value
        if isinstance(success, bool):
            status = Status.SUCCEEDED if success else Status.FAILED
            return status.value, dagster_metadata.values(place.get("metadataEntries"))
    return None, None
