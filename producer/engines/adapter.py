"""What an engine adapter is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Pointed(NamedTuple):
    """What a payload points to that its engine can tell more about.

    ``ids`` name it to the engine's source. ``bare`` makes a record, as far as the ids go, of a payload that does not
    say how the execution ended, so that ``to_record`` refuses it; it raises InvalidRecord.
    """

    ids: Mapping[str, str]
    bare: Callable[[], dict[str, Any]] | None = None


def _to_nothing(_: Any) -> Pointed | None:
    return None


class Adapter(NamedTuple):
    """One engine's way into the record.

    ``name`` is the engine's name in addresses, options and workflow ids. ``to_record`` is a pure function from the
    engine's parsed payload to a record as plain JSON values (``workflow``, ``execution``, ``steps``), with the ids
    as the engine writes them; it raises InvalidRecord, whose field is a path in the payload, NotCompleted, TooLarge,
    or MalformedBody for broken JSON inside of the payload. ``recognises`` tells whether a payload looks like this
    engine's and never raises.

    What a record has no field for goes, in the engine's own words, into ``details`` of the workflow, the execution,
    a step or a child; what could not be had is said in ``notes``, a list of sentences, of the execution or the step.

    ``points`` tells of a payload that leaves out what the engine's source can fetch; it never raises.
    """

    name: str
    to_record: Callable[[Any], dict[str, Any]]
    recognises: Callable[[Any], bool]
    points: Callable[[Any], Pointed | None] = _to_nothing
