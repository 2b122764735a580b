"""A DAG with mapped tasks, a retry, a skipped branch and a failure, run by Airflow itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task


@dag(dag_id="nightly_import", schedule=None, start_date=datetime(2024, 1, 1, tzinfo=UTC), catchup=False)
def nightly_import() -> None:
    """Load pages, one of them only at the second try, and fail at the end."""

    @task
    def list_pages() -> list[dict[str, Any]]:
        return [{"page": number, "title": f"naïve <page> {number}"} for number in range(1, 4)]

    @task(retries=2, retry_delay=timedelta(seconds=15), max_active_tis_per_dagrun=1)
    def load(page: dict[str, Any], ti: Any = None) -> list[str]:
        print("loading", page)  # noqa: T201 # Airflow takes what a task prints into its log
        if page["page"] == 2 and ti.try_number < 2:
            raise ConnectionError("HTTP 503 from upstream")
        return [f"item {page['page']}.{number}" for number in range(3)]

    @task.branch
    def choose() -> str:
        return "publish"

    @task
    def archive() -> None:
        """Never run: the branch goes the other way."""

    @task
    def publish() -> None:
        raise ValueError("the mailbox is full: ✗")

    @task
    def announce() -> None:
        """Never run, since the task before it fails."""

    @task(trigger_rule="all_done")
    def clean_up() -> str:
        return "cleaned"

    chosen = choose()
    loaded = load.expand(page=list_pages())
    published = publish()
    loaded >> chosen >> [archive(), published]
    published >> [announce(), clean_up()]


nightly_import()
