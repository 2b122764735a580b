"""Makes the ObjectStore that the settings ask for. Called once in a process, after any fork."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from boto3.session import Session
from botocore.exceptions import BotoCoreError
from msgspec import Struct

from producer.contract.errors import InvalidSetting
from producer.contract.objects import ObjectStore
from producer.contract.objects.boto3 import Boto3Objects
from producer.contract.objects.bucket import Bucket
from producer.contract.objects.clients import Endpoint, aws_endpoint, boto3_client, obstore_store
from producer.contract.objects.encryption import Encryption
from producer.contract.objects.failures import Place
from producer.contract.objects.obstore import ObstoreObjects
from producer.contract.settings import SharedSettings


class ObjectsConfig(Struct, frozen=True):
    """Where the objects lie and through which client.

    Without ``endpoint_url`` it is Amazon S3 in ``region``, or what the usual AWS chain names as the endpoint. Links are
    signed for ``public_endpoint_url``, or else for the endpoint itself. Credentials come from the usual AWS chain.
    ``encryption`` is asked of the store for whatever is written; without it the bucket's own default holds.
    """

    client: Literal["obstore", "boto3"]
    bucket: str
    region: str
    endpoint_url: str | None = None
    public_endpoint_url: str | None = None
    encryption: Encryption | None = None

    @classmethod
    def of(cls, settings: SharedSettings) -> ObjectsConfig:
        """Return what the settings say."""
        return cls(
            settings.s3_client,
            settings.s3_bucket,
            settings.s3_region,
            settings.s3_endpoint_url,
            settings.s3_public_endpoint_url,
            Encryption(settings.s3_sse, settings.s3_sse_kms_key_id) if settings.s3_sse else None,
        )


def make_objects(config: ObjectsConfig) -> ObjectStore:
    """Build the ObjectStore; connects to nothing but a source of credentials.

    Raises InvalidSetting where an endpoint is no address or there are no credentials.
    """
    _check_address(config.endpoint_url, "RUNFOLIO_S3_ENDPOINT_URL")
    _check_address(config.public_endpoint_url, "RUNFOLIO_S3_PUBLIC_ENDPOINT_URL")
    session = _session(config)
    url = config.endpoint_url or aws_endpoint(session, config.region)
    inner = Endpoint(config.bucket, config.region, url)
    public = Endpoint(config.bucket, config.region, config.public_endpoint_url or url)
    place = Place(config.bucket, url)
    if config.client == "boto3":
        return _boto3_objects(session, place, inner, public, config.encryption)
    return _obstore_objects(session, place, inner, public, config.encryption)


def _boto3_objects(
    session: Session, place: Place, inner: Endpoint, public: Endpoint, encryption: Encryption | None
) -> Boto3Objects:
    return Boto3Objects(
        place,
        small=boto3_client(session, inner),
        bulk=boto3_client(session, inner, patient=True),
        public=boto3_client(session, public),
        encryption=encryption,
    )


def _obstore_objects(
    session: Session, place: Place, inner: Endpoint, public: Endpoint, encryption: Encryption | None
) -> ObstoreObjects:
    return ObstoreObjects(
        place,
        small=obstore_store(session, inner, encryption=encryption),
        bulk=obstore_store(session, inner, patient=True, encryption=encryption),
        public=obstore_store(session, public),
        bucket=lambda: Bucket(boto3_client(session, inner), place),
    )


def _session(config: ObjectsConfig) -> Session:
    remedy = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or another source of the usual AWS chain."
    try:
        session = Session(region_name=config.region)
        found = session.get_credentials()
    except BotoCoreError as error:
        raise InvalidSetting(f"The AWS configuration cannot be used: {error}", remedy=remedy) from error
    if found is None:
        raise InvalidSetting("There are no credentials for the object store.", remedy=remedy)
    return session


def _check_address(url: str | None, variable: str) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise InvalidSetting(f"{variable} is no http or https address.", remedy="Set it like https://s3.example.org.")
    if parts.username is not None:
        raise InvalidSetting(
            f"{variable} holds a user name, which S3 does not know.",
            remedy="Give the credentials as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
