"""What an engine's flow is known to have run, held against the archive that came out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Step(NamedTuple):
    """A step: the file that tells of it, without the ending, and words that the file must hold."""

    file: str
    holds: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """What an archive lacks, and what is in it that no step accounts for, each in words."""

    missing: list[str]
    unexpected: list[str]


def verdict(steps: Iterable[Step], archive: Mapping[str, str]) -> Verdict:
    """Compare the steps that ran with an archive, its texts by the names of its files."""
    expected = {f"{step.file}.md": step.holds for step in steps}
    missing = [name for name in expected if name not in archive]
    for name, holds in expected.items():
        missing += [f"{word!r} in {name}" for word in holds if name in archive and word not in archive[name]]
    return Verdict(missing, [name for name in archive if name not in expected])
