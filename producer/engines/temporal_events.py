"""The events of a Temporal history, whoever wrote them.

Types are spelled ``EVENT_TYPE_TIMER_FIRED`` or ``TimerFired``, or are numbers; fields are named as protobuf's JSON does
(``eventId``) or as protobuf itself (``event_id``); numbers may be strings, times objects of seconds and nanoseconds.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from producer.engines.cursor import Cursor

_PREFIX: Final = "EVENT_TYPE_"
_ATTRIBUTES: Final = "EventAttributes"
_UNDERSCORE: Final = re.compile(r"_([a-z0-9])")
_WHOLE: Final = re.compile(r"[0-9]{1,18}")
_BY_NAME: Final = frozenset({"fields", "indexedFields", "details", "metadata", "data"})
"""Maps whose keys are names given by people."""


class Event(NamedTuple):
    """One event: its number in the history, its type such as ``TimerFired``, when it was, and what it tells."""

    number: int
    type: str
    time: str | None
    attributes: Cursor
    whole: Cursor


def read_events(events: Cursor) -> list[Event]:
    """Read all events, in the order of their numbers."""
    return sorted((_event(each) for each in events.each()), key=lambda event: event.number)


def looks_like_event(value: Any) -> bool:
    """Whether a value is an event of Temporal's; another engine's events have no number of this name."""
    if not isinstance(value, dict):
        return False
    return not {"eventId", "event_id"}.isdisjoint(value) and not {"eventType", "event_type"}.isdisjoint(value)


def time_of(value: Cursor) -> str | None:
    """Read a time, be it an object of seconds and nanoseconds."""
    if not isinstance(value.value, dict):
        return value.time()
    seconds, nanos = _number(value.get("seconds")), _number(value.get("nanos"))
    whole = Cursor(seconds, value.path).time()
    return whole and f"{whole[:19]}.{nanos % 10**9:09d}Z"


def reference(event: Event, *names: str) -> int | None:
    """Read the number of the event that this one refers to; Temporal writes 0 for none."""
    for name in names:
        number = event.attributes.get(name)
        if number.exists:
            return _number(number) or None
    return None


def _event(event: Cursor) -> Event:
    if "event_id" in event.fields():
        event = Cursor(_camel(event.value), event.path)
    name = next((key for key in event.fields() if key.endswith(_ATTRIBUTES)), None)
    attributes = event.get(name) if name else Cursor(None, event.path)
    return Event(
        _number(event.get("eventId")),
        _type(event.get("eventType"), name),
        time_of(event.get("eventTime")),
        attributes,
        event,
    )


def _type(word: Cursor, attributes: str | None) -> str:
    if not isinstance(word.value, str) and attributes:
        # The name of the attributes says the same: timerFiredEventAttributes.
        return attributes[:1].upper() + attributes[1:].removesuffix(_ATTRIBUTES)
    text = word.text()
    if not text:
        raise word.problem("is missing", remedy="Send the history as Temporal wrote it.")
    if not text.isupper():
        return text
    return "".join(part.capitalize() for part in text.removeprefix(_PREFIX).split("_"))


def _number(value: Cursor) -> int:
    if isinstance(value.value, str) and _WHOLE.fullmatch(value.value):
        return int(value.value)
    return value.integer() or 0


def _camel(value: Any) -> Any:
    """Rename fields from protobuf's own names to those of its JSON."""
    if isinstance(value, list):
        return [_camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    renamed = {_UNDERSCORE.sub(lambda match: match[1].upper(), name): each for name, each in value.items()}
    return {name: _named(each) if name in _BY_NAME else _camel(each) for name, each in renamed.items()}


def _named(value: Any) -> Any:
    return {name: _camel(each) for name, each in value.items()} if isinstance(value, dict) else _camel(value)
