"""Settings that the gateway and the worker share, and how settings are read: once, typed, named in every error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from producer.contract.errors import InvalidSetting
from producer.contract.export import RenderProfile
from producer.contract.redaction.identity import Mode, redaction_identity
from producer.contract.redaction.redactor import Redactor
from producer.contract.redaction.site import SiteRule, read_site_rules
from producer.contract.sources import SOURCES, check_addresses, read_by_instance
from producer.contract.webhooks import decode_secret

PREFIX: Final = "RUNFOLIO_"

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES: Final = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def _duration(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", value) if isinstance(value, str) else None
    if match is None:
        if isinstance(value, timedelta):
            return value
        raise ValueError("write a number and s, m, h or d, such as 90s, 12h or 7d")
    try:
        return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])
    except OverflowError:
        raise ValueError("write a shorter time, at most some thousand years") from None


def _optional_duration(value: Any) -> Any:
    none = value is None or (isinstance(value, str) and value.strip().lower() in {"", "none"})
    return None if none else _duration(value)


def _size(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\d+)\s*([kmgt]i?b|b?)\s*", value.lower()) if isinstance(value, str) else None
    if match is None:
        if isinstance(value, int):
            return value
        raise ValueError("write a number of bytes, or one with KiB, MiB or GiB, such as 16MiB")
    unit = match[2] if match[2] in _BYTES else match[2].replace("b", "ib")
    return int(match[1]) * _BYTES[unit]


def _zone(value: Any) -> Any:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ValueError("write a name of the IANA time zone database, such as UTC or Europe/Berlin") from None
    return value


def _signing_secret(value: str | None) -> str | None:
    if value is not None:
        try:
            decode_secret(value, name="it")
        except InvalidSetting as error:
            raise ValueError(error.detail.rstrip(".")) from None
    return value


def _kms_key(value: str | None, given: ValidationInfo) -> str | None:
    if value is not None and given.data.get("s3_sse") != "aws:kms":
        raise ValueError("it needs RUNFOLIO_S3_SSE=aws:kms")
    return value


def _site_rules(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        data = Path(value).read_bytes()
    except OSError as error:
        raise ValueError(f"the file '{value}' cannot be read: {error.strerror or error}") from None
    return read_site_rules(data)


Duration = Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta(0))]
OptionalDuration = Annotated[Annotated[timedelta, Field(gt=timedelta(0))] | None, BeforeValidator(_optional_duration)]
Size = Annotated[int, BeforeValidator(_size), Field(gt=0)]
Zone = Annotated[str, BeforeValidator(_zone)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^/\s]+")]
# Without the mark, the library would read them as JSON, for they are mappings.
ByInstance = Annotated[Mapping[str, str] | None, NoDecode, BeforeValidator(read_by_instance)]
Addresses = Annotated[ByInstance, AfterValidator(check_addresses)]


class SharedSettings(BaseSettings):
    """What both sides need: broker, storage, and what decides an archive's bytes."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    broker_url: Annotated[
        str,
        Field(
            pattern=r"^(rediss?|unix)://",
            description="Redis or Valkey: queue, progress, leases, listing index.",
        ),
    ]
    s3_bucket: Annotated[str, Field(min_length=3, max_length=63, description="Bucket for records and archives.")] = (
        "runfolio"
    )
    s3_region: Annotated[str, Field(description="Region of the bucket.")] = "us-east-1"
    s3_endpoint_url: Annotated[
        HttpUrl | None, Field(description="Address of an S3-compatible store; unset for AWS.")
    ] = None
    s3_public_endpoint_url: Annotated[
        HttpUrl | None,
        Field(description="The store's address as users reach it: links are signed for it. Defaults to the endpoint."),
    ] = None
    s3_sse: Annotated[
        Literal["aws:kms", "AES256"] | None,
        Field(description="Server-side encryption that the store is asked for; unset, the bucket's default holds."),
    ] = None
    s3_sse_kms_key_id: Annotated[
        str | None,
        Field(min_length=1, description="Key for `RUNFOLIO_S3_SSE=aws:kms`; unset, the store's default key."),
        AfterValidator(_kms_key),
    ] = None
    s3_client: Annotated[Literal["obstore", "boto3"], Field(description="Which library moves the data.")] = "obstore"
    public_url: Annotated[
        HttpUrl, Field(description="The gateway's address as users reach it; download links start with it.")
    ]
    callback_secret: Annotated[
        str | None,
        AfterValidator(_signing_secret),
        Field(
            description="Standard Webhooks secret (`whsec_…`) that signs callbacks; without one, callbacks are refused."
        ),
    ] = None
    callback_allow: Annotated[
        str,
        Field(
            description="Hosts, host:port, addresses or networks (comma-separated) that callbacks may reach "
            "although they are private."
        ),
    ] = ""
    link_ttl: Annotated[Duration, Field(description="How long a download link works, counted from publication.")] = (
        timedelta(days=7)
    )
    orphan_ttl: Annotated[
        Duration,
        Field(
            description="Age at which what was begun and never ended (a broken upload) is removed; an upload may take "
            "half of it, and half a day."
        ),
    ] = timedelta(days=1)
    timezone: Annotated[Zone, Field(description="Time zone of file names and of the times in documents.")] = "UTC"
    markdown: Annotated[
        Literal["commonmark", "python-markdown"], Field(description="What turns Markdown into HTML.")
    ] = "commonmark"
    redaction: Annotated[
        Mode,
        Field(
            description="What happens to secrets where a record is shown: `mask` masks them, `fail` refuses to make "
            "such an archive, `off` shows them."
        ),
    ] = Mode.MASK
    redaction_rules: Annotated[
        tuple[SiteRule, ...] | None,
        NoDecode,
        BeforeValidator(_site_rules),
        Field(description="JSON file of rules of the site, besides the built-in ones; see Redaction."),
    ] = None
    max_step_bytes: Annotated[Size, Field(description="Largest single step.")] = 16 * 2**20
    max_steps: Annotated[int, Field(gt=0, description="Most steps of one execution.")] = 1_000_000
    source_airflow_url: Annotated[
        Addresses, Field(description="Airflow 3 that workers ask for what events left out; see Sources.")
    ] = None
    source_github_url: Annotated[
        Addresses, Field(description="GitHub's API, such as `https://api.github.com`; see Sources.")
    ] = None
    source_n8n_url: Annotated[Addresses, Field(description="n8n; see Sources.")] = None
    source_prefect_url: Annotated[
        Addresses, Field(description="Prefect's API, as `PREFECT_API_URL` has it; see Sources.")
    ] = None
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="How much is written to the log.")
    ] = "INFO"

    @property
    def longest_upload(self) -> timedelta:
        """How long an upload may take before it could be taken for an orphan; the bucket's own rule knows days only."""
        return min(self.orphan_ttl, timedelta(days=1)) / 2

    @property
    def source_urls(self) -> Mapping[str, Mapping[str, str]]:
        """The addresses of engines that may be asked, by engine and instance."""
        return {engine: getattr(self, f"source_{engine}_url") or {} for engine in SOURCES}

    @property
    def profile(self) -> RenderProfile:
        """What, besides record and options, decides an archive's bytes."""
        redaction = redaction_identity(self.redaction, self.redaction_rules or ())
        return RenderProfile(markdown=self.markdown, timezone=self.timezone, redaction=redaction)

    def redactor(self) -> Redactor:
        """Make what masks secrets in records; its identity is that of the profile."""
        return Redactor(self.redaction, self.redaction_rules or ())


S = TypeVar("S", bound=BaseSettings)


def read_settings(model: type[S]) -> S:
    """Read settings from the environment. Raises InvalidSetting with a sentence that names each wrong variable."""
    try:
        return model()
    except ValidationError as error:
        raise InvalidSetting(" ".join(_sentence(problem) for problem in error.errors())) from None


def _sentence(problem: Any) -> str:
    name = PREFIX + str(problem["loc"][0]).upper()
    if problem["type"] == "missing":
        return f"{name} is not set."
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name} is wrong: {message}."
