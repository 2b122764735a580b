from __future__ import annotations

import os
import subprocess
import sys

import pytest

from producer.contract.errors import BrokerUnavailable, InvalidSetting
from producer.contract.settings import read_settings
from worker.app import Parts
from worker.settings import WorkerSettings


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> WorkerSettings:
    for name in list(os.environ):
        if name.startswith("RUNFOLIO_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RUNFOLIO_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("RUNFOLIO_PUBLIC_URL", "https://runfolio.example")
    monkeypatch.setenv("RUNFOLIO_S3_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return read_settings(WorkerSettings)


def test_parts_connect_to_nothing_before_they_are_used(settings: WorkerSettings) -> None:
    parts = Parts(settings)
    assert parts.pipeline.lease_ttl == settings.lease_ttl
    assert parts.sweeper.max_attempts == 8
    assert parts.sweeper.retention.archive_ttl == settings.archive_ttl
    assert parts.owner.endswith(f":{os.getpid()}")


def test_parts_are_made_once(settings: WorkerSettings) -> None:
    parts = Parts(settings)
    assert parts.pipeline.board is parts.sweeper.board is parts.board
    assert parts.pipeline.outbox is parts.sweeper.outbox


def test_warming_up_says_that_the_broker_is_away(settings: WorkerSettings) -> None:
    with pytest.raises(BrokerUnavailable):
        Parts(settings).warm()


def test_callbacks_need_a_secret_that_is_one(settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Parts(settings).callbacks is None
    monkeypatch.setenv("RUNFOLIO_CALLBACK_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    assert Parts(read_settings(WorkerSettings)).callbacks is not None
    monkeypatch.setenv("RUNFOLIO_CALLBACK_SECRET", "secret")
    with pytest.raises(InvalidSetting, match="RUNFOLIO_CALLBACK_SECRET"):
        assert Parts(read_settings(WorkerSettings)).callbacks


def test_a_token_without_an_address_stops_the_start(settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.source_tokens["n8n"] == {}
    monkeypatch.setenv("RUNFOLIO_SOURCE_N8N_URL", '{"a": "http://a"}')
    monkeypatch.setenv("RUNFOLIO_SOURCE_N8N_TOKEN", '{"b": "key"}')
    with pytest.raises(InvalidSetting, match="RUNFOLIO_SOURCE_N8N_TOKEN is set for the instance 'b'"):
        Parts(read_settings(WorkerSettings))


def test_what_few_processes_need_is_not_loaded_by_all() -> None:
    """Five processes start at once on one machine, and what they load is most of what that takes."""
    asked = "import sys, worker.celery; print([name for name in ('httpx', 'producer.engines') if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-P", "-c", asked], capture_output=True, text=True, check=True)  # noqa: S603 # written above
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "value"), [("LEASE_TTL", "0"), ("SWEEP_INTERVAL", "-1s"), ("MAX_ATTEMPTS", "0"), ("ARCHIVE_TTL", "soon")]
)
def test_a_wrong_setting_is_named(
    settings: WorkerSettings, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.record_ttl is None
    monkeypatch.setenv(f"RUNFOLIO_{name}", value)
    with pytest.raises(InvalidSetting, match=f"RUNFOLIO_{name}"):
        read_settings(WorkerSettings)
