"""Many fixed texts, looked for all at once: in time that does not depend on how many they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ahocorasick_rs import BytesAhoCorasick

_BEGINNING: Final = 64
"""Bytes of a needle by which it is looked for; a longer one is then compared, so that memory stays small."""

_PIECE: Final = 64 * 1024


class Needles:
    """Finds fixed texts, none of them empty."""

    def __init__(self, needles: Iterable[str]) -> None:
        long: dict[bytes, dict[int, set[bytes]]] = {}
        for needle in needles:
            encoded = needle.encode()
            wholes = long.setdefault(encoded[:_BEGINNING], {})
            if len(encoded) > _BEGINNING:
                wholes.setdefault(len(encoded), set()).add(encoded)
            else:
                wholes[0] = set()
        self._automaton = BytesAhoCorasick(long)
        # By the number of a beginning: whether it is a needle itself, and the longer needles, by their lengths.
        self._whole = [0 in wholes for wholes in long.values()]
        self._longer = [[(size, found) for size, found in wholes.items() if size] for wholes in long.values()]

    def stand_in(self, text: str) -> bool:
        """Tell whether any needle stands in a text."""
        return any(places for places in self._places_in_pieces(text.encode()))

    def runs(self, text: str) -> list[tuple[int, int]]:
        """Return the places of all characters that are part of a needle, one where needles overlap or touch."""
        data = text.encode()
        places = sorted(place for piece in self._places_in_pieces(data) for place in piece)
        joined = _joined(places)
        return joined if len(data) == len(text) else list(_characters(data, joined))

    def _places_in_pieces(self, data: bytes) -> Iterator[list[tuple[int, int]]]:
        # Every match is an object in memory, and there may be one at every byte: hence the pieces, which overlap.
        for base in range(0, len(data), _PIECE):
            piece = data if len(data) <= _PIECE else data[base : base + _PIECE + _BEGINNING]
            matches = self._automaton.find_matches_as_indexes(piece, overlapping=True)
            if matches:
                yield _joined(sorted(self._places(data, base, matches)))

    def _places(self, data: bytes, base: int, matches: Iterable[tuple[int, int, int]]) -> list[tuple[int, int]]:
        places: list[tuple[int, int]] = []
        first, last = 0, -1
        for number, start, end in matches:
            if self._whole[number]:
                # Matches come in the order of their ends. Most that follow closely only make the last place longer.
                if first <= start <= last:
                    last = end
                else:
                    places.append((base + first, base + last))
                    first, last = start, end
            for size, wholes in self._longer[number]:
                if data[base + start : base + start + size] in wholes:
                    places.append((base + start, base + start + size))
        places.append((base + first, base + last))
        return [place for place in places if place[0] < place[1]]


def _joined(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join places, which are in order, where they overlap or touch."""
    joined: list[tuple[int, int]] = []
    first = last = -1
    for start, end in places:
        if start > last:
            if first >= 0:
                joined.append((first, last))
            first, last = start, end
        elif end > last:
            last = end
    if first >= 0:
        joined.append((first, last))
    return joined


def _characters(data: bytes, places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Turn places in bytes of UTF-8 into places in characters."""
    character = byte = 0
    for start, end in places:
        first = character + len(data[byte:start].decode())
        character = first + len(data[start:end].decode())
        byte = end
        yield first, character
