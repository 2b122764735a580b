from __future__ import annotations

from typing import Any

import pytest

from producer.contract.errors import InvalidSetting
from producer.contract.settings import read_settings
from producer.contract.sources import check_addresses, read_by_instance
from worker.settings import WorkerSettings

NEEDED = {"RUNFOLIO_BROKER_URL": "redis://broker", "RUNFOLIO_PUBLIC_URL": "https://runfolio.example"}


def read(monkeypatch: pytest.MonkeyPatch, **environment: str) -> WorkerSettings:
    for name, value in {**NEEDED, **{f"RUNFOLIO_{name}": value for name, value in environment.items()}}.items():
        monkeypatch.setenv(name, value)
    return read_settings(WorkerSettings)


def test_one_installation_is_a_plain_value(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, SOURCE_N8N_URL="https://n8n.example/", SOURCE_N8N_TOKEN="a=b:c, d")
    assert settings.source_urls["n8n"] == {"": "https://n8n.example"}
    assert settings.source_tokens["n8n"] == {"": "a=b:c, d"}
    assert settings.source_urls["airflow"] == {}


def test_several_are_an_object_by_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = '{"": "https://a.example", "prod-eu": "https://b.example/api"}'
    settings = read(monkeypatch, SOURCE_PREFECT_URL=urls, SOURCE_PREFECT_TOKEN='{"prod-eu": "{k}"}')
    assert settings.source_urls["prefect"] == {"": "https://a.example", "prod-eu": "https://b.example/api"}
    assert settings.source_tokens["prefect"] == {"prod-eu": "{k}"}


@pytest.mark.parametrize(
    "url",
    ["n8n.example", "ftp://a.example", "https://u:p@a.example", "https://a.example?x=1", "https://a/#b", "https://a b"],
)
def test_a_wrong_address_is_named_by_its_setting(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(InvalidSetting, match="RUNFOLIO_SOURCE_AIRFLOW_URL is wrong: write an http or https address"):
        read(monkeypatch, SOURCE_AIRFLOW_URL=url)


@pytest.mark.parametrize("value", ['{"a": "secret"', '{"a": 1}', '{"a": ""}', '{"a": ["secret"]}'])
def test_a_wrong_token_is_never_shown(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(InvalidSetting, match="RUNFOLIO_SOURCE_GITHUB_TOKEN is wrong") as error:
        read(monkeypatch, SOURCE_GITHUB_TOKEN=value)
    assert "secret" not in error.value.detail


@pytest.mark.parametrize("value", ["", "  ", None])
def test_nothing_is_nothing(value: Any) -> None:
    assert check_addresses(read_by_instance(value)) is None


def test_hosts_of_logs_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, SOURCE_GITHUB_LOG_HOSTS="*.blob.example, logs.example,")
    assert settings.github_log_hosts == ("*.blob.example", "logs.example")
