"""Masking parsed JSON: strings and object keys at any depth, and the values of keys that name secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from typing import Any, Final

from producer.contract.record import Entry, Execution, ExecutionRecord, Step, Workflow
from producer.contract.redaction.naming import Mark, mark_of, masks_field
from producer.contract.redaction.rules import Needed
from producer.contract.replacement import unused_key
from producer.contract.spans import Span, found, replaced

VOCABULARY: Final = frozenset(
    field for model in (ExecutionRecord, Workflow, Execution, Step, Entry) for field in model.__struct_fields__
)
"""The record's own field names, which stay as they are."""

_SHORTEST: Final = 6


def mask_text(rule: str) -> str:
    """Return what stands in the place of a secret."""
    return f"[redacted: {rule}]"


class ValueMasker:
    """Masks one parsed JSON value by the rules that it needs, and counts the masks in ``counts`` by rule.

    What needs no mask is the same object as before. Nesting is bounded by ``jsonbounds.MAX_DEPTH``.
    """

    def __init__(self, needed: Needed, counts: Counter[str], kept_keys: Container[str] = VOCABULARY) -> None:
        self._needed = needed
        self._named = bool(needed.hints)
        self._counts = counts
        self._kept_keys = kept_keys

    def value(self, value: Any) -> Any:
        """Return the value as it may be shown."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return self._array(value, None)
        return value

    def text(self, text: str) -> str:
        """Return the text as it may be shown."""
        if len(text) < _SHORTEST:
            return text
        spans = found(text, self._needed.find)
        return replaced(text, spans, self._mask) if spans else text

    def _mask(self, span: Span) -> str:
        self._counts[span.rule] += 1
        return mask_text(span.rule)

    def _array(self, value: list[Any], mark: Mark | None) -> list[Any]:
        masked = [self._marked(item, mark) for item in value]
        changed = any(new is not old for new, old in zip(masked, value, strict=True))
        return masked if changed else value

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = {}
        changed = False
        pair = self._pair(value) if self._named else None
        for key, item in value.items():
            mark = mark_of(key) if self._named else None
            content = self._marked(item, pair if key == "value" and pair else mark)
            name = key if key in self._kept_keys else self.text(key)
            changed = changed or content is not item or name is not key
            masked[unused_key(name, masked)] = content
        return masked if changed else value

    def _pair(self, value: Mapping[str, Any]) -> Mark | None:
        """Return the mark of an object that is itself a name and a value, as lists of headers hold them."""
        name = (value.get("name") or value.get("key")) if "value" in value else None
        return mark_of(name) if isinstance(name, str) else None

    def _marked(self, value: Any, mark: Mark | None) -> Any:
        """Mask what a key's name says to be secret: a string, or strings in a list, as headers with several values."""
        if mark is None:
            return self.value(value)
        if isinstance(value, str):
            return self._field(value, mark)
        return self._array(value, mark) if isinstance(value, list) else self.value(value)

    def _field(self, value: str, mark: Mark) -> str:
        if not masks_field(mark, value):
            return self.text(value)
        self._counts[mark.rule] += 1
        return mask_text(mark.rule)
