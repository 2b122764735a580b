from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from producer.contract.errors import InvalidSetting
from producer.contract.settings import Duration, OptionalDuration, SharedSettings, Size, read_settings

NEEDED = {"RUNFOLIO_BROKER_URL": "redis://localhost/0", "RUNFOLIO_PUBLIC_URL": "https://runfolio.example"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("RUNFOLIO_"):
            monkeypatch.delenv(name)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("12h", 43_200), ("7d", 604_800), (" 7 d ", 604_800), ("0.1s", 0.1)],
)
def test_durations(text: str, seconds: float) -> None:
    assert TypeAdapter(Duration).validate_python(text) == timedelta(seconds=seconds)
    assert TypeAdapter(OptionalDuration).validate_python(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "7w", "d", "-1s", "1e9d", "0", "0s", "9" * 30 + "d", "7 d d", "inf"])
def test_wrong_durations(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Duration).validate_python(text)


@pytest.mark.parametrize("text", ["", "none", "None", " NONE ", None])
def test_no_duration(text: str | None) -> None:
    assert TypeAdapter(OptionalDuration).validate_python(text) is None


@pytest.mark.parametrize(
    ("text", "count"),
    [("1", 1), ("16MiB", 16 << 20), ("16 mb", 16 << 20), ("1KiB", 1024), ("2gib", 2 << 30), ("5B", 5)],
)
def test_sizes(text: str, count: int) -> None:
    assert TypeAdapter(Size).validate_python(text) == count


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5MiB", "16 MiBs", "MiB", "1PiB"])
def test_wrong_sizes(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Size).validate_python(text)


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = read_settings(SharedSettings)
    assert settings.link_ttl == timedelta(days=7)
    assert (settings.timezone, settings.markdown, settings.s3_client) == ("UTC", "commonmark", "obstore")
    assert settings.profile == read_settings(SharedSettings).profile


def test_what_decides_the_bytes_is_in_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_settings(SharedSettings).profile
    monkeypatch.setenv("RUNFOLIO_TIMEZONE", "Europe/Vienna")
    monkeypatch.setenv("RUNFOLIO_MARKDOWN", "python-markdown")
    profile = read_settings(SharedSettings).profile
    assert (profile.timezone, profile.markdown) == ("Europe/Vienna", "python-markdown")
    assert profile.digest != before.digest


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BROKER_URL", "amqp://localhost"),
        ("PUBLIC_URL", "runfolio.example"),
        ("S3_BUCKET", "a"),
        ("S3_CLIENT", "minio"),
        ("S3_ENDPOINT_URL", "localhost:9000"),
        ("LINK_TTL", "soon"),
        ("LINK_TTL", "0"),
        ("TIMEZONE", "Mars/Base"),
        ("TIMEZONE", "Europe"),
        ("TIMEZONE", "../etc/passwd"),
        ("MARKDOWN", "word"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_named_in_a_sentence(name: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"RUNFOLIO_{name}", value)
    with pytest.raises(InvalidSetting, match=rf"^RUNFOLIO_{name} is wrong: .*\.$"):
        read_settings(SharedSettings)


def test_everything_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNFOLIO_BROKER_URL")
    monkeypatch.setenv("RUNFOLIO_TIMEZONE", "x")
    with pytest.raises(InvalidSetting) as raised:
        read_settings(SharedSettings)
    assert "RUNFOLIO_BROKER_URL is not set." in raised.value.detail
    assert "RUNFOLIO_TIMEZONE is wrong" in raised.value.detail


def test_the_profile_names_the_redaction(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text('[{"name": "employee", "pattern": "EMP-[0-9]+"}]')
    identities = []
    for mode, rules in (("mask", None), ("fail", None), ("off", None), ("mask", "rules.json"), ("fail", "rules.json")):
        monkeypatch.setenv("RUNFOLIO_REDACTION", mode)
        if rules:
            monkeypatch.setenv("RUNFOLIO_REDACTION_RULES", str(tmp_path / rules))
        settings = read_settings(SharedSettings)
        assert settings.profile.redaction == settings.redactor().identity
        identities.append(settings.profile.redaction)
    assert len(set(identities)) == len(identities)
    assert read_settings(SharedSettings).redactor().text("EMP-17") == "[redacted: employee]"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file"),
        ("{}", "must be a JSON list"),
        ('[{"name": "a", "pattern": "("}]', r"rule 1 \('a'\): the pattern is no regular expression"),
        ('[{"name": "a", "pattern": "x?"}]', r"rule 1 \('a'\): the pattern matches nothing"),
    ],
)
def test_wrong_rules_stop_the_start_by_variable_and_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "rules.json").write_text(content)
    monkeypatch.setenv("RUNFOLIO_REDACTION_RULES", str(tmp_path / "rules.json"))
    with pytest.raises(InvalidSetting, match=rf"^RUNFOLIO_REDACTION_RULES is wrong: .*{reason}"):
        read_settings(SharedSettings)


def test_a_wrong_mode_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFOLIO_REDACTION", "hide")
    with pytest.raises(InvalidSetting, match=r"^RUNFOLIO_REDACTION is wrong: .*'mask', 'fail' or 'off'"):
        read_settings(SharedSettings)


def test_the_storage_s_encryption(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings(SharedSettings).s3_sse is None
    monkeypatch.setenv("RUNFOLIO_S3_SSE", "AES256")
    assert read_settings(SharedSettings).s3_sse == "AES256"
    monkeypatch.setenv("RUNFOLIO_S3_SSE_KMS_KEY_ID", "alias/runfolio")
    with pytest.raises(InvalidSetting, match=r"^RUNFOLIO_S3_SSE_KMS_KEY_ID is wrong: it needs RUNFOLIO_S3_SSE=aws:kms"):
        read_settings(SharedSettings)
    monkeypatch.setenv("RUNFOLIO_S3_SSE", "aws:kms")
    assert read_settings(SharedSettings).s3_sse_kms_key_id == "alias/runfolio"
    monkeypatch.setenv("RUNFOLIO_S3_SSE", "rot13")
    with pytest.raises(InvalidSetting, match=r"^RUNFOLIO_S3_SSE is wrong"):
        read_settings(SharedSettings)


@pytest.mark.parametrize(("ttl", "hours"), [(24, 12), (10, 5), (24 * 30, 12)])
def test_an_upload_ends_before_anybody_takes_it_for_an_orphan(ttl: int, hours: int) -> None:
    settings = SharedSettings(
        broker_url="redis://localhost", public_url="http://localhost", orphan_ttl=timedelta(hours=ttl)
    )
    assert settings.longest_upload == timedelta(hours=hours)
