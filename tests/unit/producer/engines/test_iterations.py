from __future__ import annotations

from producer.engines.iterations import Place, iterations


def test_places_in_a_loop_count_where_they_are_distinct() -> None:
    assert iterations([Place("a", 2), Place("a", 0), Place("b"), Place("c", 4)]) == [3, 1, None, 5]


def test_attempts_count_where_there_are_several() -> None:
    assert iterations([Place("a", None, 0), Place("b", None, 1), Place("b", None, 0)]) == [None, 2, 1]


def test_otherwise_the_order_counts() -> None:
    assert iterations([Place("a", 0, 0), Place("a", 1, 0), Place("a", 0, 1), Place("a", 1, 1)]) == [1, 2, 3, 4]
    assert iterations([Place("a"), Place("a", 7)]) == [1, 2]
