"""Temporal's payloads as plain JSON values.

A payload is ``{"metadata": {"encoding": …}, "data": …}``, both in Base64. The command line writes the plain values in
its place unless told otherwise, the web page the decoded data; both are read here too.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from producer.contract import jsontext
from producer.contract.errors import RunfolioError

_JSON: Final = frozenset({"json/plain", "json/protobuf"})


def readable(value: Any) -> Any:
    """Show a value with every payload inside of it decoded; one payload stands for itself, several are a list."""
    if isinstance(value, list):
        return [readable(each) for each in value]
    if not isinstance(value, dict):
        return value
    if _is_payload(value):
        return _decoded(value)
    payloads = value.get("payloads")
    if len(value) == 1 and isinstance(payloads, list):
        return arguments(payloads)
    return {name: readable(each) for name, each in value.items()}


def arguments(value: Any) -> Any:
    """Show a list of values handed over: none is None, one is shown as itself."""
    if isinstance(value, dict):
        return readable(value) if value else None
    if not isinstance(value, list):
        return value
    shown = readable(value)
    return (shown[0] if shown else None) if len(shown) < 2 else shown


def _is_payload(value: dict[str, Any]) -> bool:
    metadata = value.get("metadata")
    return isinstance(metadata, dict) and "encoding" in metadata and value.keys() <= _FIELDS


_FIELDS: Final = frozenset({"metadata", "data", "externalPayloads", "size"})


def _decoded(payload: dict[str, Any]) -> Any:
    encoding, data = _encoding(payload["metadata"]["encoding"]), payload.get("data")
    if encoding == "binary/null" or data is None:
        return None
    raw = _bytes(data)
    if raw is None:
        # The web page's export holds what its codec made of the data: text, or a JSON value.
        return data
    if encoding in _JSON:
        try:
            return jsontext.decode(raw, where="data")
        except RunfolioError:
            return _text(raw, encoding)
    return _text(raw, encoding)


def _encoding(value: Any) -> str:
    if not isinstance(value, str) or ("/" in value and "=" not in value):
        return str(value)
    raw = _bytes(value)
    return value if raw is None else raw.decode("utf-8", "replace")


def _bytes(data: Any) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else None
    except (binascii.Error, ValueError):
        return None


def _text(raw: bytes, encoding: str) -> Any:
    """Show text as text, and of other bytes how many there are."""
    if encoding in _JSON or encoding.startswith(("text/", "binary/plain")):
        try:
            return raw.decode()
        except UnicodeDecodeError:
            pass
    return {"encoding": encoding, "not_shown": f"{len(raw)} bytes, which only the workflow's own code can read."}
