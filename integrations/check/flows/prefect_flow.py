"""A flow with a loop, a mapped task, a retry, an artifact and a failure, run by Prefect itself."""

from __future__ import annotations

import contextlib

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.runtime import task_run
from runfolio_hook import RUNFOLIO_HOOKS


@task(name="fetch page", retries=2, retry_delay_seconds=1)
def fetch_page(page: int) -> list[str]:
    """Fetch a page; the second one only answers when it is asked again."""
    get_run_logger().info("fetching page %s", page)
    if page == 2 and task_run.run_count < 2:
        raise ConnectionError("HTTP 503 from upstream")
    return [f"item {page}.{number}" for number in range(3)]


@task(name="normalise ☕")
def normalise(items: list[str]) -> list[str]:
    """Run once for each page, as a mapped task."""
    print("normalising", *items)  # noqa: T201 # Prefect takes what a flow prints into its log
    return [item.upper() for item in items]


@task
def report(rows: int) -> None:
    """Leave an artifact, which is what Prefect keeps of an output."""
    create_markdown_artifact(f"# Report\n\n{rows} rows are **ready**.\n", key="report")


@task
def publish() -> None:
    """Fail."""
    raise ValueError("the mailbox is full: ✗")


@flow(name="Nightly import", log_prints=True, **RUNFOLIO_HOOKS)
def nightly_import(pages: int = 3) -> None:
    """Run all of it, and fail with the last task."""
    found = [fetch_page(page) for page in range(1, pages + 1)]
    normalised = normalise.map(found)
    report(sum(len(items.result()) for items in normalised))
    publish()


if __name__ == "__main__":
    with contextlib.suppress(ValueError):
        nightly_import()
