"""Numbers for the runs of a step, where an engine has places in loops and attempts, but no one number for a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """Where a run of a step stands: the step's name, its place in a loop and among the attempts, both from 0."""

    name: str
    item: int | None = None
    attempt: int | None = None


def iterations(places: Sequence[Place]) -> list[int | None]:
    """Give every run its number from 1, in the order given; None where a step ran once and in no loop.

    Where each run of a step has its own place in the loop, or each its own attempt, that place is its number.
    """
    alike: dict[str, list[int]] = {}
    for position, place in enumerate(places):
        alike.setdefault(place.name, []).append(position)
    numbers: list[int | None] = [None] * len(places)
    for positions in alike.values():
        for position, number in _numbers(places, positions):
            numbers[position] = number
    return numbers


def _numbers(places: Sequence[Place], alike: list[int]) -> Iterator[tuple[int, int]]:
    items, attempts = [places[each].item for each in alike], [places[each].attempt for each in alike]
    for own in (items, attempts if len(alike) > 1 else []):
        known = [number + 1 for number in own if number is not None]
        if len(known) == len(set(known)) == len(alike):
            return zip(alike, known, strict=True)
    return zip(alike, range(1, len(alike) + 1), strict=True) if len(alike) > 1 else iter(())
