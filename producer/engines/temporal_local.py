"""Local activities: Temporal keeps them as markers, of which each SDK has its own form."""

from __future__ import annotations

from typing import Any, Final

from producer.contract.record import Status
from producer.engines import temporal_failure
from producer.engines.cursor import present
from producer.engines.temporal_events import Event
from producer.engines.temporal_payloads import arguments, readable

_MARKERS: Final = ("LocalActivity", "core_local_activity")
_NAMES: Final = ("type", "activity_type", "ActivityType", "activityType")
_SHOWN: Final = frozenset({"input", "result"})


def local_activity(event: Event) -> dict[str, Any] | None:
    """Write the step of a local activity; None where the event is something else."""
    if event.type != "MarkerRecorded" or event.attributes.get("markerName").value not in _MARKERS:
        return None
    told = event.attributes.get("details")
    details = {name: arguments(value) for name, value in told.fields().items()}
    data = details.get("data")
    facts = {**(data if isinstance(data, dict) else {}), **details}
    failure = event.attributes.get("failure")
    name = next((facts[key] for key in _NAMES if isinstance(facts.get(key), str)), "Local activity")
    return present(
        name=name,
        status=(Status.FAILED if failure.exists else Status.SUCCEEDED).value,
        finished_at=event.time,
        input=details.get("input"),
        output=details.get("result"),
        error=temporal_failure.text(failure),
        notes=["A history tells of a local activity only when it was recorded, after its end."],
        details=present(
            kind="local activity",
            **{name: value for name, value in details.items() if name not in _SHOWN and value is not None},
            header=readable(event.attributes.get("header").value),
            failure=temporal_failure.more(failure),
        ),
    )
