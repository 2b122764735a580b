"""Engine adapters: each turns an engine's own payload of a completed execution into an execution record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from producer.contract.errors import InvalidOptions, InvalidRecord, NotFound
from producer.contract.record import check_identifier
from producer.engines import codemie, n8n
from producer.engines.adapter import Adapter

__all__ = ["AUTO", "ENGINES", "Adapter", "convert"]

ENGINES: Final[Mapping[str, Adapter]] = MappingProxyType(
    {adapter.name: adapter for adapter in (codemie.ADAPTER, n8n.ADAPTER)}
)
"""The known engines by name."""

AUTO: Final = "auto"
"""The engine name that asks to recognise the payload."""

_INSTANCE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def convert(engine: str, payload: Any, *, instance: str | None = None) -> dict[str, Any]:
    """Turn an engine's parsed payload into a record, as one JSON object.

    ``engine`` is a name of ``ENGINES`` or ``auto``. ``instance`` tells installations of one engine apart; it becomes
    part of the workflow's id. Raises NotFound for an unknown engine, InvalidOptions (``instance``), InvalidRecord
    with the place in the payload, NotCompleted, TooLarge, and MalformedBody for JSON inside of the payload.
    """
    _check_instance(instance)
    adapter = _recognised(payload) if engine == AUTO else _named(engine)
    record = _converted(adapter, payload)
    source = {"name": adapter.name} if instance is None else {"name": adapter.name, "instance": instance}
    prefix = adapter.name if instance is None else f"{adapter.name}@{instance}"
    workflow = record["workflow"]
    workflow_id = f"{prefix}:{workflow['id']}"
    check_identifier(workflow_id, "workflow.id")
    # The name defaults to the id; without its own name a workflow is called by the engine's id, not by the prefixed.
    named = {**workflow, "id": workflow_id, "name": workflow.get("name") or workflow["id"]}
    return {"workflow": named, "execution": record["execution"], "engine": source, "steps": record["steps"]}


def _converted(adapter: Adapter, payload: Any) -> dict[str, Any]:
    try:
        return adapter.to_record(payload)
    except RecursionError:
        raise InvalidRecord(
            "The payload is nested too deeply.", remedy="Flatten the deep value, or send it as a string."
        ) from None


def _check_instance(instance: str | None) -> None:
    if instance is None or _INSTANCE.fullmatch(instance):
        return
    raise InvalidOptions(
        "instance must be 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'.",
        field="instance",
        remedy="Name the engine's installation by a short word, such as 'prod-eu'.",
    )


def _named(engine: str) -> Adapter:
    adapter = ENGINES.get(engine)
    if adapter is None:
        raise NotFound(f"There is no engine '{engine}'.", field="engine", remedy=_KNOWN)
    return adapter


def _recognised(payload: Any) -> Adapter:
    candidates = [adapter for adapter in ENGINES.values() if adapter.recognises(payload)]
    if len(candidates) == 1:
        return candidates[0]
    names = " and ".join(adapter.name for adapter in candidates)
    raise InvalidRecord(
        f"The payload looks like one of {names}." if names else "The payload looks like none of the known engines'.",
        remedy=_KNOWN,
    )


_KNOWN: Final = f"Known engines: {', '.join(ENGINES)}. '{AUTO}' recognises the engine by its payload."
