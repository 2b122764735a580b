"""What is measured, in which words, and what is aimed at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Goal(NamedTuple):
    """A figure's meaning, and the bound that it should keep."""

    what: str
    bound: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        """Tell whether a value keeps the bound."""
        return value >= self.bound if self.at_least else value <= self.bound

    @property
    def text(self) -> str:
        """The bound in words."""
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"


GOALS: Final[Mapping[str, Goal]] = {
    "latency_p50_ratio": Goal("POST of an event to the published link, over the floor: median", 1),
    "latency_p99_ratio": Goal("the same: 99th percentile", 1),
    "throughput_ratio": Goal("exports a second at saturation, over the floor's", 1, at_least=True),
    "accept_p99_ratio": Goal("POST to 202 at half load, over one bare `put_object` of the same bytes: p99", 1.5),
    "html_pipeline_ratio": Goal("record to zipped HTML, MB/s on one core, over the peer's", 30, at_least=True),
    "markdown_pipeline_ratio": Goal("record to zipped Markdown, the same", 10, at_least=True),
    "html_limit_ratio": Goal("HTML, over the bare sum of its parts", 0.6, at_least=True),
    "markdown_limit_ratio": Goal("Markdown, over the bare sum of its parts", 0.6, at_least=True),
    "worker_peak_mb": Goal("peak memory of a worker process: 4 GB in 200,000 steps, one of 16 MB", 250),
    "gateway_peak_mb": Goal("peak memory of the gateway, the same", 200),
    "fairness_p99_ratio": Goal("small exports while two of 1 GB run, over those with none: p99", 2),
    "scaling_efficiency": Goal("exports a second of N worker processes, over N times one's", 0.85, at_least=True),
    "listing_p99_ms_ratio": Goal("a page of 50 of 1,000,000 executions, over one of 100: p99", 1.5),
    "startup_s": Goal("`runfolio up` until ready, in seconds", 4),
    "cost_growth": Goal("time a step in archives of 10 to 100,000 steps: dearest over cheapest", 1.3),
}
