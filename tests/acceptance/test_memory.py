from __future__ import annotations

from pathlib import Path

import pytest

from bench.memory import LIMIT_MIB, measure
from runfolio.embedded.plan import PARTS


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_memory_stays_bounded_for_a_large_execution(tmp_path: Path) -> None:
    """A tenth of what README promises: what grows with the number of steps would show here as well."""
    result = measure(20_000, 10_000, {"format": "html"}, tmp_path / "data")
    assert result.archive_size > 10_000_000
    assert {peak.part for peak in result.peaks} == set(PARTS)
    assert result.worst < LIMIT_MIB
