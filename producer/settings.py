"""The gateway's settings: environment variables with the prefix ``RUNFOLIO_``."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from producer.contract.settings import Duration, SharedSettings, Size
from producer.rates import Rate, read_rate

MIB = 1024 * 1024


def _networks(value: str) -> str:
    for one in value.split(",") if value else ():
        try:
            ip_network(one.strip())
        except ValueError:
            raise ValueError("write addresses or networks, comma-separated, such as 10.0.0.5 or 10.0.0.0/8") from None
    return value


# Without the mark, the library would read it as JSON, for it is a tuple.
RateLimit = Annotated[Rate | None, NoDecode, BeforeValidator(read_rate)]


class GatewaySettings(SharedSettings):
    """What the gateway needs beside the shared settings."""

    host: Annotated[str, Field(min_length=1, description="Address that the gateway listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port that the gateway listens on.")] = 8000
    tokens_file: Annotated[Path, Field(description="JSON file of tokens and signing secrets; see Access.")]
    link_secret: Annotated[
        str,
        Field(
            min_length=32,
            description="Signs download links; several, comma-separated, for rotation: the first signs, all are "
            "accepted.",
        ),
    ]
    session_ttl: Annotated[Duration, Field(description="How long a login to the web page lasts.")] = timedelta(hours=12)
    max_event_bytes: Annotated[
        Size, Field(description="Largest body that is read whole (JSON); larger executions are sent as NDJSON.")
    ] = 16 * MIB
    max_stream_bytes: Annotated[Size, Field(description="Largest NDJSON body, after decompression.")] = 64 * 1024 * MIB
    large_record_bytes: Annotated[
        Size,
        Field(description="Steps of as many bytes make an execution large: its exports have queues of their own."),
    ] = 8 * MIB
    max_uploads: Annotated[int, Field(gt=0, description="Events above 64 KiB that are taken in at the same time.")] = 40
    max_uploads_per_sender: Annotated[
        int, Field(gt=0, description="Those of one token, or of all who sign, among them.")
    ] = 20
    rate_limit: Annotated[
        RateLimit, Field(description="Calls of one token, all gateways together, such as `600/m`; `none` is no limit.")
    ] = Rate(6000, 60)
    rate_limit_links: Annotated[
        RateLimit, Field(description="How often one download link is followed; `none` is no limit.")
    ] = Rate(600, 60)
    rate_limit_failures: Annotated[
        RateLimit,
        Field(description="Failed authentications from one address, on each gateway; `none` is no limit."),
    ] = Rate(120, 60)
    trusted_proxies: Annotated[
        str,
        AfterValidator(_networks),
        Field(
            description="Addresses or networks (comma-separated) of the reverse proxies whose `X-Forwarded-For` tells "
            "a client's address."
        ),
    ] = ""
