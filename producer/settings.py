"""The gateway's settings: environment variables with the prefix ``RUNFOLIO_``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from producer.contract.settings import SharedSettings, Size

MIB = 1024 * 1024


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
    max_event_bytes: Annotated[
        Size, Field(description="Largest body that is read whole (JSON); larger executions are sent as NDJSON.")
    ] = 16 * MIB
    max_step_bytes: Annotated[Size, Field(description="Largest single step.")] = 16 * MIB
    max_stream_bytes: Annotated[Size, Field(description="Largest NDJSON body, after decompression.")] = 64 * 1024 * MIB
    max_uploads: Annotated[int, Field(gt=0, description="Events that are taken in at the same time.")] = 40
