from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.groups import GROUP, groups

SIZES = st.lists(st.sampled_from([0, 1, 1000, GROUP // 2, GROUP - 1, GROUP, GROUP + 1, 10 * GROUP]), max_size=30)


@given(sizes=SIZES)
def test_all_pieces_come_in_order_and_no_group_is_too_large(sizes: list[int]) -> None:
    made = list(groups(enumerate(sizes), lambda piece: piece[1]))
    assert [piece for group in made for piece in group] == list(enumerate(sizes))
    assert all(group and (len(group) == 1 or sum(size for _, size in group) <= GROUP) for group in made)


@pytest.mark.parametrize(("sizes", "lengths"), [([], []), ([10] * 5, [5]), ([GROUP // 2] * 5, [2, 2, 1])])
def test_small_pieces_come_together(sizes: list[int], lengths: list[int]) -> None:
    assert [len(group) for group in groups(sizes, int)] == lengths


@pytest.mark.parametrize("sizes", [[GROUP], [1, GROUP], [1, GROUP + 1, 1], [GROUP + 1, GROUP + 1]])
def test_a_large_piece_is_handed_on_before_the_next_is_drawn(sizes: list[int]) -> None:
    drawn: list[int] = []

    def source() -> Iterator[int]:
        for size in sizes:
            drawn.append(size)
            yield size

    for group in groups(source(), int):
        if group[0] >= GROUP:
            assert drawn[-1] == group[0]


def test_nothing_is_held_of_a_group_that_was_cleared() -> None:
    class Piece:
        pass

    def source() -> Iterator[Piece]:
        for _ in range(3):
            yield Piece()

    for group in groups(source(), lambda _: GROUP):
        held = weakref.ref(group[0])
        group.clear()
        gc.collect()
        assert held() is None
