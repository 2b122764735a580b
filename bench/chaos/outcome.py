"""What an experiment found, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct


class Lab(NamedTuple):
    """What every experiment gets: an empty folder of its own, whether time is short, and what decides its chances."""

    folder: Path
    quick: bool
    seed: int

    def size(self, full: int, quick: int) -> int:
        """Choose how much there is to do."""
        return quick if self.quick else full


class Outcome(Struct, frozen=True):
    """What was done, what was measured, and in sentences what did not hold."""

    experiment: str
    done: str
    figures: tuple[str, ...]
    broken: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        """Whether everything did that had to."""
        return not self.broken


class Findings:
    """Gathers what did not hold while an experiment goes on, instead of ending it at the first."""

    def __init__(self) -> None:
        self._broken: list[str] = []

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a sentence where something does not hold."""
        if not holds:
            self._broken.append(otherwise)

    def add(self, sentences: Sequence[str]) -> None:
        """Note what somebody else has found."""
        self._broken.extend(sentences)

    @property
    def broken(self) -> tuple[str, ...]:
        """What did not hold so far."""
        return tuple(self._broken)


def table(outcomes: Sequence[Outcome]) -> str:
    """Write outcomes as a Markdown table."""
    rows = [
        f"| {one.done} | {'yes' if one.held else '**no**: ' + ' '.join(one.broken)} | {'; '.join(one.figures)} |"
        for one in outcomes
    ]
    return "\n".join(["| What was done | Held | Figures |", "| --- | --- | --- |", *rows])
