"""Callbacks as both sides know them: addresses to tell, kept durably until they are told, and the log of deliveries.

The gateway registers a callback when it accepts an export; the worker delivers it once the export is settled. What
lies in storage is enough to do so: the broker may forget everything in between.
"""

from __future__ import annotations

from producer.contract.callbacks.entries import CallbackEntry, due, entries, entry_name, read, register
from producer.contract.callbacks.log import Delivery, append_log, read_log
from producer.contract.callbacks.retries import MAX_ATTEMPTS, RETRY_DELAYS, retry_delay
from producer.contract.callbacks.url import CallbackUrl, parse_url, validate_url

__all__ = [
    "MAX_ATTEMPTS",
    "RETRY_DELAYS",
    "CallbackEntry",
    "CallbackUrl",
    "Delivery",
    "append_log",
    "due",
    "entries",
    "entry_name",
    "parse_url",
    "read",
    "read_log",
    "register",
    "retry_delay",
    "validate_url",
]
