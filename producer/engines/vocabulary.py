"""Engines' words for how things stand, mapped to the record's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from producer.contract.errors import InvalidRecord, NotCompleted
from producer.contract.record import Status
from producer.engines.cursor import Cursor


class Phase(StrEnum):
    """How something stands that has not ended."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"


class StepEnd(NamedTuple):
    """How a step of a completed execution ended; ``note`` tells what the status alone would hide."""

    status: Status
    note: str | None


_LEFT: Final[Mapping[Phase, tuple[Status, str]]] = {
    Phase.QUEUED: (Status.SKIPPED, "The step never started"),
    Phase.RUNNING: (Status.INTERRUPTED, "The step was still running when the execution ended"),
    Phase.WAITING: (Status.INTERRUPTED, "The step was still waiting when the execution ended"),
}


@dataclass(frozen=True)
class Vocabulary:
    """One engine's status words. ``notes`` says of a word what the record's status cannot."""

    words: Mapping[str, Status | Phase]
    notes: Mapping[str, str] = field(default_factory=dict)

    def execution(self, word: Cursor) -> StepEnd:
        """Map an execution's status. Raises NotCompleted where it has not ended, InvalidRecord for other words."""
        meaning = self._look_up(word)
        if isinstance(meaning, Phase):
            raise NotCompleted(
                f"{word.path} is '{word.value}', that is {meaning}: only completed executions are exported.",
                field=word.path,
                remedy="Send the event again when the execution has ended.",
            )
        return StepEnd(meaning, self.notes.get(word.value))

    def step(self, word: Cursor) -> StepEnd:
        """Map the status of a step of a completed execution. Raises InvalidRecord for an unknown word."""
        meaning = self._look_up(word)
        if isinstance(meaning, Phase):
            status, note = _LEFT[meaning]
            return StepEnd(status, f"{note} (the engine's status: '{word.value}').")
        return StepEnd(meaning, self.notes.get(word.value))

    def _look_up(self, word: Cursor) -> Status | Phase:
        text = word.text()
        if text is None:
            raise word.problem("is missing", remedy=self._known)
        if text not in self.words:
            raise self._unknown(word, text)
        return self.words[text]

    def _unknown(self, word: Cursor, text: str) -> InvalidRecord:
        return word.problem(f"is '{text[:80]}', which is no known status", remedy=self._known)

    @property
    def _known(self) -> str:
        return f"Known are: {', '.join(self.words)}."
