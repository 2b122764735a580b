"""A job with mapped outputs, a retry and a failure, run by Dagster itself."""

from collections.abc import Iterator

import dagster as dg
from runfolio_sensors import runfolio_sensors


@dg.op(out=dg.DynamicOut(int))
def list_pages() -> Iterator[dg.DynamicOutput[int]]:
    """Make three pages, for each of which the next op runs."""
    for page in range(1, 4):
        yield dg.DynamicOutput(page, mapping_key=f"p{page}")


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2, delay=0.2))
def load(context: dg.OpExecutionContext, page: int) -> list[str]:
    """Load a page; the second one only answers when it is asked again."""
    context.log.info("loading page %s", page)
    print("printed while loading", page)  # noqa: T201 # Dagster captures what a process prints
    if page == 2 and context.retry_number < 1:
        raise ConnectionError("HTTP 503 from upstream")
    return [f"item {page}.{number}" for number in range(3)]


@dg.op
def merge(context: dg.OpExecutionContext, rows: list[list[str]]) -> int:
    """Tell of the output what Dagster keeps of it: metadata."""
    total = sum(map(len, rows))
    context.add_output_metadata({"rows": total, "preview": dg.MetadataValue.md("**naïve** preview ☕")})
    return total


@dg.op
def publish(rows: int) -> int:
    """Fail."""
    raise dg.Failure(description="the mailbox is full: ✗", metadata={"rows": rows})


@dg.op
def announce(rows: int) -> None:
    """Never run, since the op before it fails."""


@dg.job(executor_def=dg.multiprocess_executor.configured({"max_concurrent": 1}))
def nightly_import() -> None:
    """Run all of it."""
    announce(publish(merge(list_pages().map(load).collect())))


defs = dg.Definitions(jobs=[nightly_import], sensors=runfolio_sensors())
