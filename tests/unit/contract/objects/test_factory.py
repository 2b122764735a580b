from __future__ import annotations

from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

import pytest

from producer.contract.errors import InvalidSetting
from producer.contract.objects.factory import ObjectsConfig, make_objects

Client = Literal["obstore", "boto3"]
CLIENTS: tuple[Client, ...] = ("obstore", "boto3")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "access")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def signed(config: ObjectsConfig) -> str:
    """Address, without the signature, of a key that needs care."""
    return make_objects(config).sign("a b%2F", timedelta(seconds=60)).partition("?")[0]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("bucket", "region", "address"),
    [
        ("files", "eu-west-1", "https://files.s3.eu-west-1.amazonaws.com"),
        ("with.dots", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/with.dots"),
        ("files", "cn-north-1", "https://files.s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_amazon_has_the_bucket_in_the_host(client: Client, bucket: str, region: str, address: str) -> None:
    assert signed(ObjectsConfig(client, bucket, region)) == f"{address}/a%20b%252F"


@pytest.mark.parametrize("client", CLIENTS)
def test_other_stores_have_the_bucket_in_the_path(client: Client) -> None:
    config = ObjectsConfig(client, "files", "us-east-1", "http://store.internal:9000")
    assert signed(config) == "http://store.internal:9000/files/a%20b%252F"


@pytest.mark.parametrize("client", CLIENTS)
def test_settings_win_over_the_environment(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://elsewhere.internal:1")
    assert urlsplit(signed(ObjectsConfig(client, "files", "us-east-1", "http://here:9"))).netloc == "here:9"
    assert urlsplit(signed(ObjectsConfig(client, "files", "us-east-1"))).netloc == "elsewhere.internal:1"


@pytest.mark.parametrize("url", ["localhost:9000", "ftp://store", "http://", "http://host:port", "http://[::1"])
def test_an_endpoint_that_is_no_address_is_named(url: str) -> None:
    with pytest.raises(InvalidSetting, match="RUNFOLIO_S3_ENDPOINT_URL"):
        make_objects(ObjectsConfig("obstore", "files", "us-east-1", url))
    with pytest.raises(InvalidSetting, match="RUNFOLIO_S3_PUBLIC_ENDPOINT_URL"):
        make_objects(ObjectsConfig("obstore", "files", "us-east-1", None, url))


def test_a_password_in_an_endpoint_is_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidSetting) as raised:
        make_objects(ObjectsConfig("boto3", "files", "us-east-1", "http://me:hidden@store"))
    assert "hidden" not in f"{raised.value} {raised.value.remedy}"


@pytest.mark.parametrize("client", CLIENTS)
def test_missing_credentials_stop_the_start(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(InvalidSetting) as raised:
        make_objects(ObjectsConfig(client, "files", "us-east-1", "http://store"))
    assert "AWS_ACCESS_KEY_ID" in (raised.value.remedy or "")


def test_an_unknown_profile_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(InvalidSetting, match="no-such-profile"):
        make_objects(ObjectsConfig("obstore", "files", "us-east-1", "http://store"))
