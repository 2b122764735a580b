"""Builds the client libraries' objects: addresses, credentials, time-outs and retries, the same for both libraries.

A store that is down shows within some five seconds, one that hangs within ten (with boto3, which tries again, within
twenty). Parts of large objects have patience: they may take minutes on a slow line, and a whole archive is lost with
one of them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from boto3.session import Session
from botocore.config import Config
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.store import S3Store

from producer.contract.objects.encryption import Encryption

if TYPE_CHECKING:  # the stubs are installed for development only
    from mypy_boto3_s3.client import S3Client
    from obstore.store import ClientConfig, RetryConfig, S3Config

_CONNECT_SECONDS: Final = 2
_SMALL_SECONDS: Final = 10
_PART_SECONDS: Final = 300
_CONNECTIONS: Final = 32

# Temporary credentials are renewed ten minutes before they end at the latest; held no longer, they are never stale.
_CREDENTIALS_HELD: Final = timedelta(minutes=10)


class Endpoint(NamedTuple):
    """A bucket at an address."""

    bucket: str
    region: str
    url: str

    @property
    def virtual_hosted(self) -> bool:
        """Whether the bucket is part of the host name: at Amazon, unless its dots would break the certificate."""
        host = urlsplit(self.url).hostname or ""
        return host.endswith((".amazonaws.com", ".amazonaws.com.cn")) and "." not in self.bucket

    @property
    def base_url(self) -> str:
        """The address below which the keys lie, as obstore wants it."""
        if not self.virtual_hosted:
            return self.url
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{self.bucket}.{parts.netloc}"


def aws_endpoint(session: Session, region: str) -> str:
    """Tell the address of Amazon S3 in a region, or of the endpoint that the usual AWS chain names."""
    return session.client("s3", region_name=region).meta.endpoint_url


def boto3_client(session: Session, endpoint: Endpoint, *, patient: bool = False) -> S3Client:
    """Build a client of boto3; ``patient`` is for parts of large objects."""
    config = Config(
        # At endpoints that are not Amazon's, boto3 signs addresses by version 2 unless told otherwise.
        signature_version="s3v4",
        s3={"addressing_style": "virtual" if endpoint.virtual_hosted else "path"},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_PART_SECONDS if patient else _SMALL_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 5 if patient else 2},
        max_pool_connections=_CONNECTIONS,
        # Some stores do not know the checksums that boto3 would otherwise add.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return session.client("s3", region_name=endpoint.region, endpoint_url=endpoint.url, config=config)


def obstore_store(
    session: Session, endpoint: Endpoint, *, patient: bool = False, encryption: Encryption | None = None
) -> S3Store:
    """Build a store of obstore; ``patient`` is for parts of large objects. What it writes the store encrypts."""
    base_url = endpoint.base_url
    return S3Store(
        endpoint.bucket,
        endpoint=base_url,
        # The environment's AWS_ENDPOINT_URL_S3 would take precedence over the endpoint alone.
        aws_endpoint_url_s3=base_url,
        region=endpoint.region,
        virtual_hosted_style_request=endpoint.virtual_hosted,
        credential_provider=Boto3CredentialProvider(session, ttl=_CREDENTIALS_HELD),
        client_options=_client_options(base_url, _PART_SECONDS if patient else _SMALL_SECONDS),
        retry_config=_retries(5, 60) if patient else _retries(3, 3),
        config=_encryption(encryption),
    )


def _encryption(encryption: Encryption | None) -> S3Config:
    if encryption is None:
        return {}
    config: S3Config = {"server_side_encryption": encryption.algorithm}
    return config if encryption.kms_key_id is None else {**config, "sse_kms_key_id": encryption.kms_key_id}


def _client_options(base_url: str, seconds: int) -> ClientConfig:
    return {
        "allow_http": base_url.startswith("http:"),
        "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
        "timeout": timedelta(seconds=seconds),
    }


def _retries(times: int, seconds: int) -> RetryConfig:
    """Return at most so many retries, none begun later than so many seconds after the first attempt."""
    return {
        "max_retries": times,
        "retry_timeout": timedelta(seconds=seconds),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=5),
            "base": 2,
        },
    }
