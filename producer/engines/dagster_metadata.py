"""Dagster's metadata, which stands for values that it does not keep itself, and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from producer.contract import jsontext
from producer.contract.errors import RunfolioError
from producer.engines.cursor import Cursor

_NAMES: Final = frozenset({"__typename", "__class__", "label", "description"})
_EXACT: Final = ("intRepr", "floatRepr")
_MARKDOWN: Final = "mdStr"


def values(entries: Cursor) -> dict[str, Any]:
    """Show metadata entries as an object by label, but for Markdown, which stands for itself."""
    return {_label(entry): _value(entry) for entry in entries.each() if not _is_markdown(entry)}


def documents(entries: Cursor) -> Iterator[tuple[str, str]]:
    """Go through the entries that are Markdown, each with its label."""
    for entry in entries.each():
        if _is_markdown(entry):
            yield _label(entry), entry.get(_MARKDOWN).text() or ""


def _is_markdown(entry: Cursor) -> bool:
    return entry.get(_MARKDOWN).exists


def _label(entry: Cursor) -> str:
    return entry.get("label").label() or "unnamed"


def _value(entry: Cursor) -> Any:
    """Show an entry's one value, whatever its type calls it; JSON in a string is parsed."""
    fields = {name: value for name, value in entry.fields().items() if name not in _NAMES and value is not None}
    for exact in _EXACT:
        # JavaScript cannot hold large numbers: beside the number Dagster writes its digits.
        if isinstance(fields.get(exact), str) and len(fields) > 1:
            del fields[exact]
    shown = {name: _parsed(value) if name == "jsonString" else value for name, value in fields.items()}
    value = next(iter(shown.values())) if len(shown) == 1 else shown or None
    described = entry.get("description").value
    return {"value": value, "description": described} if described else value


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return jsontext.decode(text)
    except RunfolioError:
        return text


def error_text(error: Cursor) -> str | None:
    """Write an error as text: the message, the stack, and the errors behind it."""
    parts = [part for part in map(_one, _chain(error)) if part]
    return "\n\nCaused by: ".join(parts) or None


def _chain(error: Cursor) -> Iterator[Cursor]:
    here = error
    if isinstance(here.value, str):
        yield here
        return
    while isinstance(here.value, dict) and here.value:
        yield here
        causes = here.get("causes")
        linked = [link.get("error") for link in here.get("errorChain").each()]
        behind = [here.get("cause"), *(causes.each() if isinstance(causes.value, list) else [])]
        here = next((each for each in behind if isinstance(each.value, dict)), Cursor(None))
        if not here.exists and linked:
            # The chain is listed whole with the first error.
            yield from linked
            return


def _one(error: Cursor) -> str:
    if isinstance(error.value, str):
        return error.value.strip()
    message = error.get("message").value or error.get("className").value or error.get("cls_name").value
    lines = error.get("stack").value
    stack = "".join(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else lines
    parts = (message, stack)
    return "\n".join(part.strip("\n") for part in parts if isinstance(part, str) and part.strip())
