"""Callbacks as both sides know them: addresses to tell, kept durably until they are told, and the log of deliveries.

The gateway registers a callback when it accepts an export; the worker delivers it once the export is settled. What
lies in storage is enough to do so: the broker may forget everything in between.
"""

from __future__ import annotations

from producer.contract.callbacks.allowed import Address, AllowList, is_public, read_address, validate_url
from producer.contract.callbacks.entries import (
    CallbackEntry,
    callback_id,
    entries,
    entry_name,
    put_back,
    read,
    read_listed,
    register,
)
from producer.contract.callbacks.log import Delivery, append_log, read_log
from producer.contract.callbacks.retries import MAX_ATTEMPTS, RETRY_DELAYS, retry_delay
from producer.contract.callbacks.told import (
    EVENT_TYPES,
    Callback,
    EndedCallback,
    Standing,
    callbacks_of,
    end,
    entry_of,
    require_room,
    shown,
)
from producer.contract.callbacks.url import CallbackUrl, parse_url

__all__ = [
    "EVENT_TYPES",
    "MAX_ATTEMPTS",
    "RETRY_DELAYS",
    "Address",
    "AllowList",
    "Callback",
    "CallbackEntry",
    "CallbackUrl",
    "Delivery",
    "EndedCallback",
    "Standing",
    "append_log",
    "callback_id",
    "callbacks_of",
    "end",
    "entries",
    "entry_name",
    "entry_of",
    "is_public",
    "parse_url",
    "put_back",
    "read",
    "read_address",
    "read_listed",
    "read_log",
    "register",
    "require_room",
    "retry_delay",
    "shown",
    "validate_url",
]
