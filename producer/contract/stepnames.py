"""The names of the step files of one archive: unique on every disk, whatever the steps are called."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from producer.contract.index import StepEntry
from producer.contract.names import MAX_FILE_BYTES, STATUS_LABELS, portable
from producer.contract.record import Status

_ITERATION_END: Final = 10**18
_LONGEST_ENDING: Final = f"~{2**32}_{_ITERATION_END - 1}_{max(STATUS_LABELS.values(), key=len)}."
_NUMBERED: Final = re.compile(r"(.+)_(0|[1-9][0-9]{0,17})", re.DOTALL)
_IGNORABLE: Final = re.compile("[\u200c\u200d\ufe00-\ufe0f]")
# A 64-bit prime far from any power of two, so that swapped or shifted letters change the remainder.
_PRIME: Final = 11400714785074694791


def _key(name: str) -> int:
    """Compute a number that is equal for names that a disk may take as equal; ``_extended`` appends to it.

    Two different names share one by a chance of one in 2^64; a step would then bear a suffix that it does not need.
    """
    if name.isascii():
        folded = name.lower()
    else:
        # Unicode's canonical caseless match, and HFS+ does not see joiners; letters change before marks are ordered.
        decomposed = unicodedata.normalize("NFD", name.casefold()).casefold()
        folded = unicodedata.normalize("NFC", _IGNORABLE.sub("", decomposed))
    return int.from_bytes(folded.encode()) % _PRIME


def _extended(key: int, ending: str) -> int:
    """Compute the key of a name followed by an ending in ASCII."""
    return int.from_bytes(key.to_bytes(8) + ending.encode()) % _PRIME


class StepName(NamedTuple):
    """What the file of one run of a step is called; ``iteration`` is the number in it, None where there is none."""

    file_name: str
    iteration: int | None


class StepNames:
    """The names of all step files of an archive, planned in a first pass and asked for in a second, in any order.

    Steps are the same step when their raw names are equal; what is shown of those is what files are called. Held are
    numbers, never names: some tens of bytes a step.
    A step that ran more than once, or bears ``~2``, has its name cut so that any iteration, suffix and status fits.
    """

    def __init__(self, census: _Census) -> None:
        self._extension = census.extension
        self._step_at = census.step_at
        self._ordinal_at = census.ordinal_at
        self._runs = census.runs
        self._numbering = census.numbering
        allotment = _Allotment(census)
        self._suffixes = array("I", map(allotment.suffix, range(len(census.runs))))

    @classmethod
    def plan(cls, entries: Iterable[StepEntry], extension: str, identities: Iterable[str] | None = None) -> StepNames:
        """Read the index of a whole record, in order. ``extension`` is ``md`` or ``html``.

        ``identities`` tell the steps apart where the names that are shown do not: masks may make them equal.
        """
        census = _Census(extension)
        if identities is None:
            for entry in entries:
                census.add(entry, entry.name)
        else:
            for entry, identity in zip(entries, identities, strict=True):
                census.add(entry, identity)
        census.close()
        return cls(census)

    def __len__(self) -> int:
        return len(self._step_at)

    def of(self, position: int, entry: StepEntry) -> StepName:
        """Name the file of the entry that stood at a position (from 0) when the names were planned."""
        step = self._step_at[position]
        suffix = self._suffixes[step]
        once = self._runs[step] == 1
        room = _room(self._extension, entry.status if once and suffix == 1 else None)
        name = portable(entry.name, room) + (f"~{suffix}" if suffix > 1 else "")
        iteration = None if once else self._iteration(step, position, entry)
        number = "" if iteration is None else f"_{iteration}"
        return StepName(f"{name}{number}_{STATUS_LABELS[entry.status]}.{self._extension}", iteration)

    def _iteration(self, step: int, position: int, entry: StepEntry) -> int:
        if self._numbering[step] == _BY_ORDER or entry.iteration is None:
            return self._ordinal_at[position]
        return entry.iteration


@cache
def _room(extension: str, status: Status | None) -> int:
    """Bytes that a file's name leaves to the step's: for a plain name with one status, or whatever may follow it."""
    ending = _LONGEST_ENDING if status is None else f"_{STATUS_LABELS[status]}."
    return MAX_FILE_BYTES - len(ending) - len(extension)


_BY_ORDER: Final = 0  # Own iterations are missing, repeated or too long: runs are numbered 1, 2, ...
_RISING: Final = 1  # Each own iteration is above those before, hence distinct.
_UNSORTED: Final = 2  # Own iterations go up and down: whether they are distinct shows at the end.


class _Census:
    """What must be known of all steps before the first can be named: by run, and by step in order of appearance."""

    def __init__(self, extension: str) -> None:
        self.extension = extension
        self._steps: dict[int, int] = {}
        self.step_at, self.ordinal_at, self._own_at = array("I"), array("I"), array("q")
        self.runs, self.numbering = array("I"), bytearray()
        self.lowest, self.highest = array("q"), array("q")
        # Keys of the name as it is where it ran once, and cut for endings; what the first ends in, where a number.
        self.plain, self.short = array("Q"), array("Q")
        self.base, self.number = array("Q"), array("q")

    def add(self, entry: StepEntry, identity: str) -> None:
        """Count the next run; ``identity`` is equal for the runs of one step."""
        digest = hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=15).digest()
        step = self._steps.setdefault(int.from_bytes(digest), len(self._steps))
        own = -1 if entry.iteration is None or not 0 <= entry.iteration < _ITERATION_END else entry.iteration
        if step == len(self.runs):
            self._open(entry, own)
        self.runs[step] += 1
        self.step_at.append(step)
        self.ordinal_at.append(self.runs[step])
        self._own_at.append(own)
        if own < 0:
            self.numbering[step] = _BY_ORDER
        elif self.runs[step] > 1 and self.numbering[step] == _RISING and own <= self.highest[step]:
            self.numbering[step] = _UNSORTED
        self.lowest[step] = min(own, self.lowest[step])
        self.highest[step] = max(own, self.highest[step])

    def _open(self, entry: StepEntry, own: int) -> None:
        plain = portable(entry.name, _room(self.extension, entry.status))
        short = portable(entry.name, _room(self.extension, None))
        numbered = _NUMBERED.fullmatch(plain)
        self.runs.append(0)
        self.numbering.append(_RISING)
        self.lowest.append(own)
        self.highest.append(own)
        self.plain.append(_key(plain))
        self.short.append(_key(short) if short != plain else self.plain[-1])
        self.base.append(_key(numbered[1]) if numbered else 0)
        self.number.append(int(numbered[2]) if numbered else -1)

    def close(self) -> None:
        """Decide on the numbering of each step."""
        self._steps.clear()
        runs = zip(self.step_at, self._own_at, strict=True)
        unsorted = sorted(step << 60 | own for step, own in runs if self.numbering[step] == _UNSORTED)
        for one, following in pairwise(unsorted):
            if one == following:
                self.numbering[one >> 60] = _BY_ORDER
        for step, count in enumerate(self.runs):
            if self.numbering[step] == _BY_ORDER:
                self.lowest[step], self.highest[step] = 1, count


class _Allotment:
    """Gives each step the first suffix, from 1 (none), that keeps its files apart from those of earlier steps.

    Steps need different names. Besides, a step that ran once and is called ``a_1`` must not meet iteration 1 of a
    step ``a``; numbers between the lowest and the highest iteration count as used.
    """

    def __init__(self, census: _Census) -> None:
        self._census = census
        self._owners: dict[int, int] = {}
        self._last: dict[int, int] = {}
        numbered = (step for step, number in enumerate(census.number) if number >= 0)
        self._numbered = array("I", sorted(numbered, key=census.base.__getitem__))

    def suffix(self, step: int) -> int:
        """Choose for the next step. Suffixes of a name only rise, so that many equal names cost no more than few."""
        short, once = self._census.short[step], self._census.runs[step] == 1
        suffix, key = 1, self._census.plain[step] if once else short
        # A name with iterations that was refused is not compared again: that would be quadratic where many want it.
        refused = not once and short in self._last
        while refused or key in self._owners or self._meets_iteration(step, key, suffix):
            refused = False
            suffix = self._last.get(short, 1) + 1
            self._last[short] = suffix
            key = _extended(short, f"~{suffix}")
        self._owners[key] = step
        return suffix

    def _meets_iteration(self, step: int, key: int, suffix: int) -> bool:
        if self._census.runs[step] > 1:
            return any(self._used(step, self._census.number[once]) for once in self._plain_on(key, before=step))
        number, owner = self._census.number[step], self._owners.get(self._census.base[step])
        return suffix == 1 and number >= 0 and owner is not None and self._used(owner, number)

    def _plain_on(self, key: int, *, before: int) -> Iterator[int]:
        """Earlier steps that ran once and whose unchanged names are that of the key and a number."""
        census, numbered = self._census, self._numbered
        for at in range(bisect_left(numbered, key, key=census.base.__getitem__), len(numbered)):
            once = numbered[at]
            if census.base[once] != key:
                return
            if once < before and census.runs[once] == 1 and self._owners.get(census.plain[once]) == once:
                yield once

    def _used(self, step: int, number: int) -> bool:
        census = self._census
        return census.runs[step] > 1 and census.lowest[step] <= number <= census.highest[step]
