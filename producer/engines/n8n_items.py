"""n8n's items: what nodes hand to each other, as plain JSON values that people read.

A node gives a list of branches per type of connection (``main``, ``ai_tool`` …), a branch is a list of items, and an
item is ``{"json": …}``, with files under ``binary``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

from producer.engines.cursor import Cursor

MAX_INLINE_BYTES: Final = 4096
"""Up to this size a text file is shown where it occurs; of anything else name, type and size are told."""

_TEXT_TYPES: Final = frozenset({"application/json", "application/xml", "application/x-ndjson"})


def connections(data: Cursor, names: Sequence[str] = ()) -> Any:
    """Show everything that a run gave: of one type of connection its branches, of several an object by type.

    ``names`` name the branches of ``main``. None where there is no data.
    """
    kinds = {kind: branches(data.get(kind), names if kind == "main" else ()) for kind in data.fields()}
    if not kinds:
        return None
    return next(iter(kinds.values())) if len(kinds) == 1 else kinds


def branches(outputs: Cursor, names: Sequence[str] = ()) -> Any:
    """Show branches: one is the list of its items, several are an object by name, or ``output N`` from 0."""
    lists = [items(branch) for branch in outputs.each()]
    if len(lists) <= 1:
        return lists[0] if lists else []
    return {names[n] if n < len(names) else f"output {n}": shown for n, shown in enumerate(lists)}


def items(branch: Cursor) -> list[Any]:
    """Show the items of one branch."""
    return [_item(item) for item in branch.each()]


def _item(item: Cursor) -> Any:
    """Show an item: its JSON alone where it is nothing more; how n8n pairs items is left out."""
    if not isinstance(item.value, dict):
        return item.value
    more = item.rest("json", "binary", "pairedItem", "index") or {}
    if item.get("binary").exists:
        more["binary"] = {name: _file(file) for name, file in item.get("binary").items()}
    return {"json": item.value.get("json"), **more} if more else item.value.get("json")


def _file(file: Cursor) -> Any:
    if not isinstance(file.value, dict):
        return file.value
    facts, data = file.rest("data") or {}, file.value.get("data")
    if "id" in facts:
        return {**facts, "not_shown": "The file is held in n8n's own storage."}
    if not isinstance(data, str):
        return {**facts, "not_shown": "The event did not hold the file's data."}
    text = _small_text(facts.get("mimeType"), data)
    if text is not None:
        return {**facts, "text": text}
    return {**facts, "not_shown": f"{_decoded_size(data)} bytes of binary data."}


def _decoded_size(data: str) -> int:
    return len(data) * 3 // 4 - data[-2:].count("=")


def _small_text(media_type: Any, data: str) -> str | None:
    """Decode a small text file; None where it is none, or large, or not what it says."""
    if not isinstance(media_type, str) or _decoded_size(data) > MAX_INLINE_BYTES:
        return None
    essence = media_type.partition(";")[0].strip().lower()
    if not essence.startswith("text/") and essence not in _TEXT_TYPES:
        return None
    try:
        return base64.b64decode(data, validate=True).decode("utf-8-sig")
    except (binascii.Error, ValueError):
        return None
