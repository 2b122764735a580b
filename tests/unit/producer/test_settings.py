from __future__ import annotations

import os

import pytest

from producer.contract.errors import InvalidSetting
from producer.contract.settings import read_settings
from producer.rates import Rate
from producer.settings import GatewaySettings

NEEDED = {
    "RUNFOLIO_BROKER_URL": "redis://localhost/0",
    "RUNFOLIO_PUBLIC_URL": "https://runfolio.example",
    "RUNFOLIO_TOKENS_FILE": "tokens.json",
    "RUNFOLIO_LINK_SECRET": "l" * 32,
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("RUNFOLIO_"):
            monkeypatch.delenv(name)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def test_limits_are_generous_unless_they_are_set() -> None:
    settings = read_settings(GatewaySettings)
    assert settings.rate_limit == Rate(6000, 60)
    assert settings.max_steps == 1_000_000
    assert settings.trusted_proxies == ""


@pytest.mark.parametrize("name", ["RATE_LIMIT", "RATE_LIMIT_LINKS", "RATE_LIMIT_FAILURES"])
def test_rates_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"RUNFOLIO_{name}", "10/s")
    assert getattr(read_settings(GatewaySettings), name.lower()) == Rate(10, 1)
    monkeypatch.setenv(f"RUNFOLIO_{name}", "none")
    assert getattr(read_settings(GatewaySettings), name.lower()) is None
    monkeypatch.setenv(f"RUNFOLIO_{name}", "ten")
    with pytest.raises(InvalidSetting, match=f"RUNFOLIO_{name} is wrong: write calls per second"):
        read_settings(GatewaySettings)


def test_proxies_are_addresses_or_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFOLIO_TRUSTED_PROXIES", "10.0.0.5, 10.1.0.0/16,2001:db8::/32")
    assert read_settings(GatewaySettings).trusted_proxies.startswith("10.0.0.5")
    monkeypatch.setenv("RUNFOLIO_TRUSTED_PROXIES", "proxy.example")
    with pytest.raises(InvalidSetting, match="RUNFOLIO_TRUSTED_PROXIES is wrong: write addresses"):
        read_settings(GatewaySettings)
