"""What Prefect keeps of a run's output: artifacts, and where a result lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from producer.contract import jsontext
from producer.contract.errors import MalformedBody
from producer.engines.cursor import Cursor

_MOST_CELLS: Final = 100_000


class Result(NamedTuple):
    """A result, if it is known, and a remark if it is not."""

    value: Any
    note: str | None


def result(data: Cursor) -> Result:
    """Read what a state holds of a run's result.

    The server knows where a result was stored at most; hooks, which run beside the flow, may have sent the value.
    """
    if not isinstance(data.value, dict):
        return Result(data.value, None if data.exists else _NOT_KEPT)
    kind = data.value.get("type")
    if "result" in data.value and ("metadata" in data.value or len(data.value) == 1):
        return Result(data.value["result"], None)
    if kind in {"literal", "unpersisted", "reference"} and "storage_key" not in data.value:
        return Result(data.value.get("value"), _NOT_KEPT if data.value.get("value") is None else None)
    metadata = data.get("metadata") if data.has("metadata") else data
    if not isinstance(metadata.value, dict) or "storage_key" not in metadata.value:
        return Result(data.value, None)
    serializer = metadata.value.get("serializer")
    written = serializer.get("type") if isinstance(serializer, dict) else None
    return Result(
        None,
        f"The result lies in Prefect's storage at {metadata.value['storage_key']} ({written or 'unknown format'}).",
    )


_NOT_KEPT: Final = "Prefect kept no result of this run."


def shown(artifacts: Sequence[Cursor], value: Any) -> tuple[Any, Any]:
    """Decide on the output: artifacts, which were made to be read, come before a result, which then stands beside."""
    if not artifacts:
        return value, None
    if len(artifacts) == 1 and artifacts[0].get("type").value == "markdown" and not _described(artifacts[0]):
        return artifacts[0].get("data").value, value
    return "\n\n".join(part for artifact in artifacts for part in _parts(artifact)), value


def _described(artifact: Cursor) -> str | None:
    return artifact.get("description").label() or None


def _parts(artifact: Cursor) -> Iterator[str]:
    """Write an artifact as Markdown under its key."""
    kind = artifact.get("type").label() or "unknown type"
    yield f"## {artifact.get('key').label() or kind}"
    description = _described(artifact)
    if description:
        yield description
    data = artifact.get("data").value
    if kind == "table":
        yield _table(data) or _json(data)
    elif kind == "progress":
        yield f"{data} %"
    elif kind == "image" and isinstance(data, str):
        yield f"![{description or 'image'}]({data})"
    else:
        yield data if isinstance(data, str) else _json(data)


def _json(data: Any) -> str:
    text = data if isinstance(data, str) else jsontext.encode(data).decode()
    return f"~~~~~json\n{text}\n~~~~~"


def _table(data: Any) -> str | None:
    """Write a table, which Prefect keeps as JSON of rows by column, of columns, or of rows; None where it is none."""
    try:
        value = jsontext.decode(data) if isinstance(data, str) else data
    except MalformedBody:
        return None
    rows = _rows(value)
    if not rows or len(rows) * len(rows[0]) > _MOST_CELLS:
        return None
    width = len(rows[0])
    lines = [[_cell(cell) for cell in row] for row in rows]
    filled = [f"| {' | '.join([*line, *[''] * (width - len(line))])} |" for line in lines]
    return "\n".join([filled[0], f"|{' --- |' * width}", *filled[1:]])


def _rows(value: Any) -> list[list[Any]]:
    """Return the head and the rows; nothing where it is no table, or one too large to be read as one."""
    if isinstance(value, dict):
        return _of_columns(value)
    if not isinstance(value, list) or not value:
        return []
    if all(isinstance(row, dict) for row in value):
        names = list(dict.fromkeys(name for row in value for name in row))
        small = 0 < len(names) * len(value) <= _MOST_CELLS
        return [names, *([row.get(name) for name in names] for row in value)] if small else []
    if all(isinstance(row, list) and row for row in value):
        return [[f"column {n}" for n in range(1, max(len(row) for row in value) + 1)], *value]
    return []


def _of_columns(value: dict[str, Any]) -> list[list[Any]]:
    columns = [column if isinstance(column, list) else [column] for column in value.values()]
    height = max((len(column) for column in columns), default=0)
    if not 0 < height * len(columns) <= _MOST_CELLS:
        return []
    return [list(value), *([column[n] if n < len(column) else None for column in columns] for n in range(height))]


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else jsontext.encode(value).decode()
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\r", " ").replace("\n", "<br>")
