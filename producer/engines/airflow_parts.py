"""The parts of an Airflow event that are looked up by task, map index and try."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from producer.engines.cursor import Cursor

_RETURNED: Final = "return_value"
_LOOKED_UP: Final = ("tries", "xcom", "logs")


class Place(NamedTuple):
    """A task instance: one task, or one of its mapped runs (``map_index`` from 0; -1 where it is not mapped)."""

    task_id: str
    map_index: int

    @property
    def keys(self) -> tuple[str, ...]:
        """The names under which an event may hold something of it."""
        full = f"{self.task_id}[{self.map_index}]"
        return (full, self.task_id) if self.map_index < 0 else (full,)


def place_of(row: Cursor) -> Place:
    """Read which task instance an answer is about."""
    task_id, index = row.get("task_id"), row.get("map_index")
    name = task_id.text()
    if name is None:
        raise task_id.problem("is missing", remedy="Send the task instance as Airflow's REST API answers it.")
    return Place(name, _whole(index, -1, least=-1))


def try_of(row: Cursor) -> int:
    """Read the number of a try: 0 of a task that never ran."""
    return _whole(row.get("try_number"), 0, least=0)


def _whole(value: Cursor, default: int, *, least: int) -> int:
    number = value.number()
    if number is None:
        return default
    if number != int(number) or number < least:
        raise value.problem(f"must be a whole number from {least}")
    return int(number)


def listed(part: Cursor, name: str) -> Cursor:
    """Find the list in an answer such as ``{"task_instances": […], "total_entries": 3}``, or where it stands bare."""
    return part.get(name) if isinstance(part.value, dict) else part


class Values(NamedTuple):
    """What is known of a task instance's XComs: the value that it returned, its others by key, and a remark."""

    returned: Any
    others: dict[str, Any]
    note: str | None


class Parts:
    """Finds what an event holds of a task instance, and remembers what nobody asked for."""

    def __init__(self, root: Cursor) -> None:
        self.task_instances = listed(root.get("task_instances"), "task_instances")
        self.tasks = listed(root.get("tasks"), "tasks")
        self._parts = {name: self._by_key(root.get(name)) for name in _LOOKED_UP}
        self._asked: dict[str, set[str]] = {name: set() for name in _LOOKED_UP}

    @staticmethod
    def _by_key(part: Cursor) -> dict[str, Cursor]:
        # The XComs of a whole run may come as one list, as they are listed by the API.
        if isinstance(part.value, list) or part.has("xcom_entries"):
            entries: dict[str, list[Any]] = {}
            for entry in listed(part, "xcom_entries").each():
                entries.setdefault(place_of(entry).keys[0], []).append(entry.value)
            return {key: Cursor(values, f"{part.path}[{key}]") for key, values in entries.items()}
        return dict(part.items())

    def tries(self) -> Iterator[Cursor]:
        """Go through all tries of all task instances."""
        for key, part in self._parts["tries"].items():
            self._asked["tries"].add(key)
            if isinstance(part.value, list) or part.has("task_instances"):
                yield from listed(part, "task_instances").each()

    def log(self, place: Place, number: int) -> Cursor:
        """Find the log of a try."""
        return self._find("logs", *(f"{key}#{number}" for key in place.keys))

    def values(self, place: Place) -> Values:
        """Find the XComs of a task instance."""
        part = self._find("xcom", *place.keys)
        if not part.exists:
            return Values(None, {}, "The event did not hold what this task returned (its XCom).")
        entries = dict(_entries(part))
        unknown = {key: None for key, value in entries.items() if value is _UNKNOWN}
        others = {key: value for key, value in entries.items() if key != _RETURNED and key not in unknown}
        returned = None if _RETURNED in unknown else entries.get(_RETURNED)
        if unknown:
            note = f"The event did not hold the values of these XComs: {', '.join(unknown)}."
            return Values(returned, others, note)
        return Values(returned, others, _absent(part) if returned is None else None)

    def unused(self) -> dict[str, Any]:
        """Return what belongs to no task instance of the event."""
        left = {
            name: {key: part.value for key, part in self._parts[name].items() if key not in self._asked[name]}
            for name in _LOOKED_UP
        }
        return {name: parts for name, parts in left.items() if parts}

    def _find(self, part: str, *keys: str) -> Cursor:
        self._asked[part].update(keys)
        found = (self._parts[part].get(key) for key in keys)
        return next((cursor for cursor in found if cursor is not None), Cursor(None))


def _entries(part: Cursor) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of XComs: one entry, a list of them, or an object of entries by key."""
    if part.has("value"):
        yield part.get("key").label() or _RETURNED, part.get("value").value
    elif isinstance(part.value, list) or part.has("xcom_entries"):
        for entry in listed(part, "xcom_entries").each():
            yield entry.get("key").label() or _RETURNED, entry.get("value").value if entry.has("value") else _UNKNOWN
    elif isinstance(part.value, dict):
        for key, value in part.fields().items():
            if isinstance(value, dict) and "value" in value:
                yield key, value["value"]


def _absent(part: Cursor) -> str:
    """Say why there is no returned value: that Airflow found none is how it says that the task returned None."""
    if isinstance(part.value, dict) and ("detail" in part.value or "__http_error__" in part.value):
        code, body = part.value.get("__http_error__", 404), part.value.get("detail") or part.value.get("body") or ""
        return (
            _NOTHING if code == 404 else f"What this task returned could not be had: {code} {str(body)[:200]}".rstrip()
        )
    return _NOTHING


_UNKNOWN: Final = object()
"""The value of an XCom that is listed without it."""
_NOTHING: Final = "This task returned no value."
