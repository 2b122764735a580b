from __future__ import annotations

import math

import pytest

from bench.load import waiting


def test_with_one_server_the_wait_is_that_of_the_simplest_queue() -> None:
    """In M/M/1, the mean wait is u / (1 - u) service times."""
    assert waiting(0.5, 1.0, 1) == pytest.approx(1.0)
    assert waiting(0.9, 1.0, 1) == pytest.approx(9.0)


def test_two_servers_share_one_queue() -> None:
    """In M/M/2, it is u^2 / (1 - u^2) service times."""
    assert waiting(1.4, 1.0, 2) == pytest.approx(0.49 / 0.51)


def test_service_that_never_varies_halves_the_wait() -> None:
    assert waiting(0.5, 1.0, 1, variation=0.5) == pytest.approx(0.5)


def test_beyond_saturation_the_wait_has_no_end() -> None:
    assert waiting(2.0, 1.0, 2) == math.inf
