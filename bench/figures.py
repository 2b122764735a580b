"""What a measurement finds: samples, their percentiles, and figures that are held against goals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from bench.goals import GOALS


class Lab(NamedTuple):
    """What every measurement gets: an empty folder of its own, and whether it is to show breakage only."""

    folder: Path
    quick: bool

    def size(self, full: int, quick: int) -> int:
        """Choose how much there is to do."""
        return quick if self.quick else full


class Spread(Struct, frozen=True):
    """The percentiles of some samples."""

    count: int
    least: float
    p50: float
    p90: float
    p99: float
    most: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """Sum samples up, of which there is at least one."""
        ordered = sorted(samples)
        p50, p90, p99 = (_rounded(percentile(ordered, share)) for share in (0.5, 0.9, 0.99))
        return cls(len(ordered), _rounded(ordered[0]), p50, p90, p99, _rounded(ordered[-1]))


class Figure(Struct, frozen=True):
    """One figure: ``value`` is what the goal speaks of, ``rounds`` what each round found.

    ``samples`` has for each side (floor, peer, product, …) the spread of each of its rounds, in the ``unit``.
    """

    key: str
    value: float
    unit: str = ""
    rounds: tuple[float, ...] = ()
    samples: Mapping[str, tuple[Spread, ...]] = {}
    facts: Mapping[str, float] = {}

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        return GOALS[self.key].met(self.value)


class Round(NamedTuple):
    """What one round measured of two sides, in the same unit."""

    under: Sequence[float]
    over: Sequence[float]


def ratio_of(
    key: str, sides: tuple[str, str], rounds: Sequence[Round], share: float, unit: str, facts: Mapping[str, float] = {}
) -> Figure:
    """Divide a percentile of the first side by that of the second, round by round; the median is the figure."""
    ratios = tuple(percentile(sorted(one.under), share) / percentile(sorted(one.over), share) for one in rounds)
    samples = {
        sides[0]: tuple(Spread.of(one.under) for one in rounds),
        sides[1]: tuple(Spread.of(one.over) for one in rounds),
    }
    return Figure(key, _rounded(statistics.median(ratios)), unit, tuple(map(_rounded, ratios)), samples, facts)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest sample that at least this share of all does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


_DIGITS: Final = 4


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
