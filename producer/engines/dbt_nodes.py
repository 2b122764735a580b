"""The nodes of dbt's results as steps: models, tests, seeds, snapshots and whatever else dbt ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from producer.contract.record import Status
from producer.engines import ordering
from producer.engines.copies import Copies
from producer.engines.cursor import Cursor, present
from producer.engines.dbt_statuses import STATUSES

_LONGEST_NAME: Final = 1000
_SECTIONS: Final = ("nodes", "unit_tests", "sources", "exposures", "saved_queries", "metrics", "semantic_models")
"""Where a manifest describes what can run."""


def steps(results: Cursor, manifest: Cursor) -> list[dict[str, Any]]:
    """Turn results into steps in the order of execution; what dbt skipped comes last, in its order."""
    found = list(results.each())
    described = {_unique_id(result): _described(_unique_id(result), manifest) for result in found}
    names = _names(described)
    ends = {_unique_id(result): result.get("status").label() for result in found}
    nodes = _as_often_as_allowed(found, described)
    written = [_step(one, names[_unique_id(one)], node, ends) for one, node in zip(found, nodes, strict=True)]
    return ordering.numbered(ordering.in_order(written))


def _as_often_as_allowed(found: list[Cursor], described: dict[str, Cursor]) -> Iterator[Cursor]:
    """Go through the nodes of results; dbt names each once, but an event could name a large one any number of times."""
    seen: set[str] = set()
    copies = Copies()
    for result in found:
        unique_id = _unique_id(result)
        node = described[unique_id]
        again = unique_id in seen and not copies.allow(unique_id, node.value)
        seen.add(unique_id)
        yield Cursor(None, node.path) if again else node


def _unique_id(result: Cursor) -> str:
    unique_id = result.get("unique_id").text()
    if not unique_id:
        raise result.get("unique_id").problem("is missing", remedy="Send the results as dbt writes them.")
    return unique_id


def _described(unique_id: str, manifest: Cursor) -> Cursor:
    for section in _SECTIONS:
        node = manifest.get(section).entry(unique_id)
        if node.exists:
            return node
    return Cursor(None, f"manifest.{unique_id}")


def _names(described: dict[str, Cursor]) -> dict[str, str]:
    """Name every node shortly, or by its whole id where two different nodes would share the short name."""
    short = {unique_id: _short_name(unique_id, node) for unique_id, node in described.items()}
    shared = Counter(short.values())
    return {unique_id: name if shared[name] == 1 else unique_id for unique_id, name in short.items()}


def _short_name(unique_id: str, node: Cursor) -> str:
    """Take the node's own name; ids are ``type.package.name``, generic tests have a digest after it."""
    parts = unique_id.split(".")
    own = node.get("name").text()
    if own and len(own) > _LONGEST_NAME:
        raise node.get("name").problem(f"has more than {_LONGEST_NAME:,} characters", remedy="Send dbt's own manifest.")
    if parts[0] == "source" and len(parts) > 3:
        return ".".join(parts[2:])
    if own:
        version = node.get("version").label()
        return f"{own}.v{version}" if version else own
    if len(parts) < 3:
        return unique_id
    is_test = parts[0] == "test" and len(parts) > 3
    return ".".join(parts[2:-1] if is_test else parts[2:])


def _step(result: Cursor, name: str, node: Cursor, ends: dict[str, str | None]) -> dict[str, Any]:
    end = STATUSES.step(result.get("status"))
    code = _code(result, node)
    message = result.get("message").value
    failed = end.status is Status.FAILED
    error = result.get("error").value
    started_at, finished_at = _times(result)
    notes = [end.note, *_upstream(result, node, ends), *_own_clock(started_at, result)]
    return present(
        name=name,
        status=end.status.value,
        started_at=started_at,
        finished_at=finished_at,
        description=node.get("description").text() or None,
        input=code,
        input_media_type=None if code is None else _language(node),
        output=None if failed else _output(result, message),
        error=(error or message or None) if failed else None,
        notes=[note for note in notes if note] or None,
        details={
            "unique_id": result.get("unique_id").value,
            **(result.rest(*_SHOWN) or {}),
            **present(node=_definition(node)),
        },
    )


_SHOWN: Final = (
    "unique_id",
    "status",
    "message",
    "error",
    "compiled_code",
    "compiled_sql",
    "max_loaded_at",
    "snapshotted_at",
)


def _code(result: Cursor, node: Cursor) -> str | None:
    """Find the code that ran, else the code that was written."""
    places = (result.get("compiled_code"), *(node.get(name) for name in ("compiled_code", "compiled_sql")))
    written = (node.get("raw_code"), node.get("raw_sql"))
    return next((text for place in (*places, *written) if (text := place.text())), None)


def _language(node: Cursor) -> str:
    return "application/x-python" if node.get("language").value == "python" else "application/sql"


def _output(result: Cursor, message: Any) -> Any:
    """Show dbt's message; of a source, how fresh it is."""
    if result.get("max_loaded_at").exists:
        return present(
            max_loaded_at=result.get("max_loaded_at").value,
            snapshotted_at=result.get("snapshotted_at").value,
            message=message,
        )
    return message or None


def _times(result: Cursor) -> tuple[str | None, str | None]:
    """Take the first start and the last end of the phases."""
    starts = [time for phase in result.get("timing").each() if (time := phase.get("started_at").time())]
    ends = [time for phase in result.get("timing").each() if (time := phase.get("completed_at").time())]
    return (starts[0] if starts else None), (ends[-1] if ends else None)


def _own_clock(started_at: str | None, result: Cursor) -> Iterator[str]:
    if started_at is None and STATUSES.step(result.get("status")).status is not Status.SKIPPED:
        yield "dbt wrote no times of this node."


def _upstream(result: Cursor, node: Cursor, ends: dict[str, str | None]) -> Iterator[str]:
    """Name what a skipped node waited for in vain."""
    if result.get("status").value != "skipped":
        return
    above = [name for name in node.get("depends_on", "nodes").elements() if isinstance(name, str)]
    bad = [f"{name} ({ends[name]})" for name in above if name in ends and ends[name] not in {"success", "pass", "warn"}]
    if bad:
        yield f"It depends on: {', '.join(bad)}."


_OF_NODE: Final = (
    "resource_type",
    "package_name",
    "original_file_path",
    "relation_name",
    "config",
    "depends_on",
    "tags",
    "meta",
    "columns",
    "test_metadata",
    "column_name",
    "attached_node",
    "loader",
    "freshness",
)


def _definition(node: Cursor) -> dict[str, Any] | None:
    """Take from the manifest what tells of the node; the rest of it describes the project, not this run."""
    shown = {name: value for name in _OF_NODE if (value := node.get(name).value) not in (None, "", [], {})}
    return shown or None
