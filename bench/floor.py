"""The floor: the least work that anyone could do with the usual parts. ``python -m bench.floor`` runs its worker.

A Celery task on the same broker makes the same files with ``zipfile``, does one ``put_object`` of boto3 to the same
store, presigns and publishes. Nothing is durable before it, there is no HTTP before it.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from celery import Celery
from celery.signals import worker_process_init
from redis import Redis

if TYPE_CHECKING:  # the stubs are installed for development only
    from mypy_boto3_s3.client import S3Client

CHANNEL: Final = "bench:floor"
QUEUE: Final = "bench-floor"
TASK: Final = "bench.floor"


def s3_client(endpoint_url: str, region: str) -> S3Client:
    """Make a client of boto3 as everybody makes one; credentials come from the environment."""
    return boto3.client("s3", endpoint_url=endpoint_url, region_name=region, config=Config(signature_version="s3v4"))


def make_floor(broker_url: str) -> Celery:
    """Return the application, for the sender and for the worker."""
    app = Celery("bench", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
    )
    return app


def files_of(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names and texts that the product's Markdown has for such steps, in the fewest lines of code."""
    workflow, execution = record["workflow"]["name"], record["execution"]["id"]
    for step in record["steps"]:
        rows = f"| Status | {step['status']} |\n| Workflow | {workflow} |\n| Execution | {execution} |\n"
        table = f"| Fact | Value |\n| --- | --- |\n{rows}"
        yield f"{step['name']}_success.md", f"# {step['name']}\n\n{table}\n## Output\n\n{step['output']}\n\n"


def zipped(record: Mapping[str, Any]) -> bytes:
    """Make the archive in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files_of(record):
            archive.writestr(name, text)
    return buffer.getvalue()


def main() -> None:
    """Run a worker until it is told to stop."""
    environment = os.environ
    app = make_floor(environment["RUNFOLIO_BROKER_URL"])
    bucket = environment["RUNFOLIO_S3_BUCKET"]
    clients: list[tuple[S3Client, Redis]] = []

    def connect(**_: object) -> None:
        s3 = s3_client(environment["RUNFOLIO_S3_ENDPOINT_URL"], environment["RUNFOLIO_S3_REGION"])
        clients.append((s3, Redis.from_url(environment["RUNFOLIO_BROKER_URL"])))

    worker_process_init.connect(connect)

    @app.task(name=TASK, shared=False, ignore_result=True)
    def export(record: dict[str, Any]) -> None:
        s3, redis = clients[0]
        key = f"floor/{record['execution']['id']}.zip"
        s3.put_object(Bucket=bucket, Key=key, Body=zipped(record), ContentType="application/zip")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
        redis.publish(CHANNEL, json.dumps({"id": record["execution"]["id"], "url": url}))

    worker: Any = app.Worker(
        queues=[QUEUE],
        concurrency=int(environment["RUNFOLIO_WORKER_PROCESSES"]),
        hostname="floor@bench",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()


if __name__ == "__main__":
    main()
