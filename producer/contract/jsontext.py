r"""JSON in and out, without losing anything that a sender wrote.

msgspec keeps integers of any size exact, refuses what JSON cannot say (``NaN``, ``1e400``) and names the place of an
error. One habit of real engines needs help: JavaScript writes half of a cut emoji as a lone surrogate escape
(``"\ud83d"``), which is legal JSON by RFC 8259 section 8.2 but no Unicode text. Such halves become U+FFFD.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final, TypeVar

import msgspec

from producer.contract.errors import InvalidRecord, MalformedBody
from producer.contract.jsonbounds import MAX_DEPTH, refuse_excess, refuse_many_values
from producer.contract.ready import ready

T = TypeVar("T")

_MISSING: Final = re.compile(r"Object missing required field `(.+)`")
_ENCODER: Final = msgspec.json.Encoder()
_TOO_DEEP: Final = f"The JSON is nested too deeply: more than {MAX_DEPTH} levels."
_FLATTEN: Final = "Flatten the value, or send it as a string."


def decode(data: bytes | bytearray | memoryview | str, *, where: str = "body") -> Any:
    """Parse one JSON text.

    ``where`` names the text in the error. Raises MalformedBody with the position of the first mistake, or where the
    text is nested too deeply or holds too much.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else bytes(data)
    refuse_excess(raw, where)
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _decode_with_lone_surrogates(data, where, str(error))


def _decode_with_lone_surrogates(data: bytes | bytearray | memoryview | str, where: str, reason: str) -> Any:
    text = data if isinstance(data, str) else bytes(data)
    marker = "\\u" if isinstance(text, str) else b"\\u"
    malformed = MalformedBody(
        f"{where} is not valid JSON: {reason}.", field=where, remedy="Send one JSON text, in UTF-8."
    )
    if marker not in text:  # type: ignore[operator] # the marker has the type of the text, which mypy cannot see
        raise malformed
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        repaired = json.dumps(value, ensure_ascii=False, allow_nan=False)
        return msgspec.json.decode(repaired.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except (ValueError, RecursionError):
        raise malformed from None


def members(data: bytes, *, where: str = "body") -> dict[str, msgspec.Raw]:
    """Split a JSON object into its members without parsing their values. Raises MalformedBody where it is none."""
    return _split(data, dict[str, msgspec.Raw], "object", where)


def elements(data: bytes, *, where: str = "body") -> list[msgspec.Raw]:
    """Split a JSON array into its elements without parsing them. Raises MalformedBody where it is none."""
    return _split(data, list[msgspec.Raw], "array", where)


def _split(data: bytes, kind: type[T], name: str, where: str) -> T:
    refuse_many_values(data, where)
    try:
        return msgspec.json.decode(data, type=ready(kind))
    except msgspec.ValidationError:
        raise MalformedBody(f"{where} is no JSON {name}.", field=where, remedy=f"Send one JSON {name}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _split(encode(decode(data, where=where)), kind, name, where)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def encode(value: Any) -> bytes:
    """Write a value as compact UTF-8 JSON, object keys in the order given."""
    return msgspec.json.encode(value)


def encode_line(value: Any) -> bytes:
    """Write a value as a line of NDJSON, its end included, without a second copy of what may be large."""
    return _ENCODER.encode_lines((value,))


def canonical(value: Any) -> bytes:
    """Write a value in its canonical form: keys sorted, no white space, UTF-8."""
    return msgspec.json.encode(value, order="sorted")


def pretty(value: Any) -> str:
    """Write a value for people: indented by two spaces, keys in the order given, every script as it is."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def convert(value: Any, model: type[T], *, where: str = "", remedy: str | None = None) -> T:
    """Turn a parsed value into a model.

    Raises InvalidRecord whose ``field`` is the place in the sender's own terms, such as ``steps[3].status``, with the
    ``remedy`` given.
    """
    try:
        return msgspec.convert(value, ready(model))
    except msgspec.ValidationError as error:
        raise _invalid(str(error), where, remedy) from None
    except RecursionError:
        raise InvalidRecord(f"{where}: {_TOO_DEEP}", field=where or None, remedy=_FLATTEN) from None


def _invalid(reason: str, where: str, remedy: str | None) -> InvalidRecord:
    message, _, path = reason.partition(" - at `$")
    field = (where + path.rstrip("`")).lstrip(".")
    missing = _MISSING.fullmatch(message)
    if missing:
        # The library names the object that lacks the field; a sender looks for the field.
        field = f"{field}.{missing[1]}".lstrip(".")
        return InvalidRecord(f"{field} is missing.", field=field, remedy=remedy)
    return InvalidRecord(f"{field}: {message}." if field else f"{message}.", field=field or None, remedy=remedy)
