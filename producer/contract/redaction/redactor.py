"""Masks the parts of a record by the rules of this installation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from producer.contract import jsontext
from producer.contract.index import LONGEST_NAME, StepEntry
from producer.contract.record import HeaderDocument, StepDocument, read_header, read_step
from producer.contract.redaction.identity import Mode, redaction_identity
from producer.contract.redaction.rules import Needed, Rules
from producer.contract.redaction.site import SiteRule
from producer.contract.redaction.values import ValueMasker

Counts = Mapping[str, int]
"""How many masks there are, by rule."""

NOTHING: Final[Counts] = {}

_KEPT_OF_HEADER: Final = {
    "workflow": ("id",),
    "execution": ("id", "status", "started_at", "finished_at"),
}
_KEPT_OF_STEP: Final = ("status", "iteration", "started_at", "finished_at")
_CUT: Final = "\0"
_NAMES: Final = 1024


class MaskedHeader(NamedTuple):
    """A header as it may be shown, and what is masked in it."""

    document: HeaderDocument
    counts: Counts


class MaskedStep(NamedTuple):
    """A step as it may be shown, and what is masked in it."""

    document: StepDocument
    counts: Counts


class Redactor:
    """Masks headers, steps and names. Ids, statuses, iterations and times stay as they are.

    ``mode`` FAIL masks as well; what it means is up to those who make archives. The same value is masked to the same,
    whoever does it; ``identity`` names mode and rules.
    """

    def __init__(self, mode: Mode = Mode.MASK, site: tuple[SiteRule, ...] = ()) -> None:
        self.mode = mode
        self.identity = redaction_identity(mode, site)
        self._rules = None if mode is Mode.OFF else Rules(site)
        # The runs of a step have one name, and archives read the index several times.
        self._masked_name = lru_cache(_NAMES)(self.text)

    def value(self, value: Any, counts: Counter[str]) -> Any:
        """Mask any parsed JSON value, the same object where nothing is secret, and add to the counts."""
        needed = self._needed(value)
        return ValueMasker(needed, counts).value(value) if needed else value

    def _needed(self, value: Any) -> Needed:
        return Needed() if self._rules is None else self._rules.needed(jsontext.encode(value))

    def overlooks(self, texts: Iterable[bytes]) -> bool:
        """Tell whether nothing would be masked in some values, by their JSON; False where that takes a closer look.

        Texts that are looked at together cost less than one by one.
        """
        return self._rules is None or not self._rules.needed(b"\n".join(texts))

    def header(self, document: HeaderDocument) -> MaskedHeader:
        """Mask a record's header."""
        counts: Counter[str] = Counter()
        masked = self.header_value(document.raw, counts)
        return MaskedHeader(document if masked is document.raw else read_header(masked), counts)

    def header_value(self, raw: Mapping[str, Any], counts: Counter[str]) -> Mapping[str, Any]:
        """Mask the JSON object of a header, which may be that of an execution that has only begun."""
        parts = {part: _without(raw[part], names) for part, names in _KEPT_OF_HEADER.items()}
        trimmed = {**raw, **parts}
        masked: Mapping[str, Any] = self.value(trimmed, counts)
        if masked is trimmed:
            return raw
        return {**masked, **{part: _with(masked[part], raw[part], names) for part, names in _KEPT_OF_HEADER.items()}}

    def step(self, document: StepDocument, position: int) -> MaskedStep:
        """Mask a step; ``position`` counts from 0."""
        trimmed = _without(document.raw, _KEPT_OF_STEP)
        needed = self._needed(trimmed)
        if not needed:
            return MaskedStep(document, NOTHING)
        counts: Counter[str] = Counter()
        masked = ValueMasker(needed, counts).value(trimmed)
        if masked is trimmed:
            return MaskedStep(document, NOTHING)
        return MaskedStep(read_step(_with(masked, document.raw, _KEPT_OF_STEP), position), counts)

    def text(self, text: str) -> str:
        """Mask a text."""
        masked: str = self.value(text, Counter())
        return masked

    def name(self, name: str, identity: str) -> str:
        """Mask the name of a workflow, unless it is its id."""
        return name if name == identity else self.text(name)

    def counted(self, value: Any) -> Counts:
        """Count what is masked in a value."""
        counts: Counter[str] = Counter()
        self.value(value, counts)
        return counts

    def entry(self, entry: StepEntry) -> StepEntry:
        """Mask the name in a line of the index, as that of the step itself is masked."""
        masked = self._masked_name(entry.name)
        if masked == entry.name:
            return entry
        if len(entry.name) > LONGEST_NAME:
            # The last word of a name that was cut may be the beginning of a secret.
            words, _, digest = masked.rpartition(_CUT)
            masked = f"{words.rpartition(' ')[0]}{_CUT}{digest}"
        return entry.renamed(masked)


def _without(value: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: content for name, content in value.items() if name not in names}


def _with(masked: Mapping[str, Any], original: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {**{name: original[name] for name in names if name in original}, **masked}
