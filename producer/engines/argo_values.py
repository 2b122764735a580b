"""What an Argo template was given and gave: parameters, a result, artifacts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from producer.engines.cursor import Cursor

_STORES: Final = ("s3", "gcs", "azure", "oss", "http", "artifactory", "git", "hdfs", "raw", "plugin")


def values(side: Cursor) -> Any:
    """Show inputs or outputs: the parameters by name, and the result; a result alone is shown as it is.

    An artifact that holds its content itself is shown among them. None where there is nothing.
    """
    found: dict[str, Any] = {}
    for parameter in side.get("parameters").each():
        if _value(parameter) is not None:
            found[_name(parameter)] = _value(parameter)
    for artifact in side.get("artifacts").each():
        content = artifact.get("raw", "data")
        if content.exists:
            found[_name(artifact)] = content.value
    result = side.get("result").value
    if result is None:
        return found or None
    return {**found, "result": result} if found else result


def remarks(side: Cursor, direction: str) -> Iterator[str]:
    """Say which values the event does not hold: those never written, and those that lie in a store."""
    for parameter in side.get("parameters").each():
        if _value(parameter) is None:
            yield f"The {direction} parameter '{_name(parameter)}' has no value."
    for artifact in side.get("artifacts").each():
        if artifact.get("raw", "data").exists:
            continue
        name, place = _name(artifact), _place(artifact)
        what = "The log" if name.endswith("-logs") else f"The {direction} artifact '{name}'"
        yield f"{what} is not part of the event; it is stored at {place}." if place else f"{what} was not stored."


def _name(entry: Cursor) -> str:
    return entry.get("name").label() or "unnamed"


def _value(parameter: Cursor) -> Any:
    value = parameter.get("value").value
    return parameter.get("default").value if value is None else value


def _place(artifact: Cursor) -> str | None:
    """Name the store and the key in it, as an address where the store has one."""
    for store in _STORES:
        place = artifact.get(store)
        if not isinstance(place.value, dict) or not place.value:
            continue
        where = [place.get(key).label() for key in ("bucket", "container", "repo", "url", "key", "blob", "path")]
        return f"{store}: {'/'.join(part for part in where if part) or 'the default place'}"
    return None
