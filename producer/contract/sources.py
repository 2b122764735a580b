"""Sources: engines that a worker may ask for what an event left out.

The gateway needs to know only which there are: it never asks. It keeps the event with the record that could be made of
it, durably, and the worker completes that record before it makes an archive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Raw, Struct

SOURCES: Final = ("airflow", "github", "n8n", "prefect")
"""The engines that have a source."""

_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]+(?:/[A-Za-z0-9._~%/-]*)?")


class Told(Struct, frozen=True, omit_defaults=True):
    """An event that is to be completed: the engine, its installation, and the payload as it was told."""

    engine: str
    payload: Raw
    instance: str | None = None


def read_by_instance(value: Any) -> Any:
    """Read a setting that each installation of an engine has a value of its own for.

    A JSON object holds values by instance; anything else is the value of the installation without a name. Raises
    ValueError, which never repeats the value: it may be a secret.
    """
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    if not value.lstrip().startswith("{"):
        return {"": value.strip()}
    try:
        parsed = json.loads(value)
    except ValueError:
        raise ValueError("it begins like a JSON object and is none") from None
    if not all(isinstance(one, str) and one for one in parsed.values()):
        raise ValueError('write a JSON object of texts by instance, such as {"prod-eu": "…"}')
    return parsed


def check_addresses(value: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Return addresses without a slash at their end. Raises ValueError where one is no plain address."""
    if value is None:
        return None
    if not all(_ADDRESS.fullmatch(one) for one in value.values()):
        raise ValueError("write an http or https address without credentials, query and fragment")
    return {instance: one.rstrip("/") for instance, one in value.items()}
