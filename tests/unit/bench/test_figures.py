from __future__ import annotations

import pytest

from bench.figures import Figure, Round, Spread, percentile, ratio_of
from bench.goals import GOALS


def test_a_percentile_is_a_sample_that_enough_others_do_not_exceed() -> None:
    ordered = [float(number) for number in range(1, 101)]
    assert [int(percentile(ordered, share)) for share in (0.5, 0.99, 1.0)] == [50, 99, 100]
    assert percentile((7,), 0.99) == 7


def test_a_spread_sums_samples_up_in_whatever_order_they_came() -> None:
    assert Spread.of([3, 1, 2]) == Spread(count=3, least=1, p50=2, p90=3, p99=3, most=3)


def test_a_ratio_is_the_median_of_the_rounds_and_not_of_all_samples() -> None:
    rounds = [Round([2], [1]), Round([30], [10]), Round([400], [100])]
    figure = ratio_of("latency_p50_ratio", ("product", "floor"), rounds, 0.5, "ms")
    assert list(figure.rounds) == [2, 3, 4]
    assert figure.value == 3
    assert [spread.p50 for spread in figure.samples["floor"]] == [1, 10, 100]


@pytest.mark.parametrize(
    ("key", "value", "met"),
    [
        ("latency_p50_ratio", 1.0, True),
        ("latency_p50_ratio", 1.01, False),
        ("html_pipeline_ratio", 30.0, True),
        ("html_pipeline_ratio", 29.9, False),
    ],
)
def test_a_goal_is_a_bound_from_above_or_below(key: str, value: float, met: bool) -> None:
    assert Figure(key, value).met is met


def test_every_goal_says_what_it_is_about() -> None:
    assert all(goal.what and goal.text[0] in "≤≥" for goal in GOALS.values())
