"""The gateway stops at once, whoever waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.integration.gateway.examples import completed
from tests.integration.gateway.site import Site, running_site
from tests.integration.gateway.test_exports import events_of
from tests.servers import S3Server

pytestmark = pytest.mark.integration


def timed(call: Callable[[], int]) -> tuple[int, float]:
    status = call()
    return status, time.monotonic()


def test_held_requests_and_event_streams_end_when_the_gateway_stops(
    site: Site, s3_server: S3Server, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert site.client.get("/readyz").status_code == 200  # The session's site has set the credentials.
    broker_url = f"{valkey_url.rpartition('/')[0]}/6"
    with ThreadPoolExecutor() as pool, ExitStack() as until_it_has_stopped:
        with running_site(tmp_path_factory.mktemp("stopping"), s3_server, broker_url) as other:
            until_it_has_stopped.enter_context(other.worker.paused())
            export = other.sent(completed())
            path = f"{other.url}/v1/exports/{export['id']}"
            headers = {"Authorization": f"Bearer {other.token}"}
            heard = threading.Semaphore(0)

            def follow(url: str) -> int:
                with httpx.stream("GET", url, headers=headers, timeout=40) as answer:
                    for _ in events_of(answer):
                        heard.release()
                    return answer.status_code

            def wait(url: str) -> int:
                return httpx.get(url, headers=headers, timeout=40).status_code

            calls = [
                pool.submit(timed, lambda: follow(f"{path}/events")),
                pool.submit(timed, lambda: follow(f"{export['download_url']}/events")),
                pool.submit(timed, lambda: wait(f"{path}?wait=30")),
                pool.submit(timed, lambda: wait(export["download_url"])),
            ]
            assert heard.acquire(timeout=10)
            assert heard.acquire(timeout=10)
            time.sleep(0.3)
            asked = time.monotonic()
        stopped = time.monotonic()

    answers = [call.result() for call in calls]
    # The streams end whole, not torn: a torn one would have raised RemoteProtocolError.
    assert [status for status, _ in answers] == [200, 200, 200, 503]
    assert max(ended for _, ended in answers) - asked < 3
    assert stopped - asked < 5
