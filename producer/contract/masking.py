"""Masking: the values that an event lists as ``secrets`` are replaced by a mask before anything of it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from producer.contract.disguises import disguises, lines
from producer.contract.errors import InvalidRecord
from producer.contract.escapes import strip
from producer.contract.needles import Needles
from producer.contract.record import Entry, Execution, ExecutionRecord, Step, Workflow
from producer.contract.replacement import Replacement, strings
from producer.contract.spans import Span, found, replaced

MASK: Final = "[masked]"
"""What stands where a secret stood: a word that Markdown and HTML show as it is."""

MAX_SECRETS: Final = 1_000
MAX_SECRET_BYTES: Final = 64 * 1024
MAX_ALL_SECRETS_BYTES: Final = 1024 * 1024
MAX_LINES: Final = 10_000
MIN_CHARACTERS: Final = 4

_KEPT_OF_HEADER: Final = {
    "workflow": ("id",),
    "execution": ("id", "status", "started_at", "finished_at"),
}
_KEPT_OF_STEP: Final = ("status", "iteration", "started_at", "finished_at")

_VOCABULARY: Final = frozenset(
    field for model in (ExecutionRecord, Workflow, Execution, Step, Entry) for field in model.__struct_fields__
)
"""The record's own field names. They tell nothing, and masking one would break the record: a secret may be ``name``."""


class Masker:
    """Replaces secrets, and their common disguises, in parsed JSON.

    A run of secrets that touch or overlap becomes one mask; escape sequences of terminals may stand inside of it. A
    number is masked where a secret is that number. Raises InvalidRecord naming ``secrets[i]`` for a secret of fewer
    than 4 characters, white space around it not counted, or above 64 KiB; naming ``secrets`` where there are more than
    1,000, above 1 MiB in all, or with more than 10,000 long lines.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        # A secret read from a file ends in a line feed that its appearances do not have, hence they are stripped.
        stripped = [_checked(secret, f"secrets[{position}]") for position, secret in enumerate(secrets)]
        _check_amount(stripped)
        self._needles = Needles({shape for secret in stripped for shape in disguises(secret)})
        self._numbers = frozenset(filter(None, map(_number, stripped)))

    def mask(self, value: Any) -> Any:
        """Mask strings, object keys and numbers of a parsed JSON value, at any depth; anything else stays.

        Returns the same object where nothing was found. Object keys that become equal are told apart by ``~2``, ``~3``
        and so on, so that no value is lost. Raises InvalidRecord where a value with secrets is nested too deeply.
        """
        # One search over all strings together is faster than one a string, and mostly it is the only one. A secret
        # found across two of them costs a second look and nothing else.
        everything = "\n".join(strings(value))
        if not self._numbers and not self._stand_in(everything):
            return value
        try:
            return Replacement(self._text, self._other, _VOCABULARY).value(value)
        except RecursionError:
            raise InvalidRecord(
                "The record is nested too deeply.", remedy="Flatten the value, or send it as a string."
            ) from None

    def _stand_in(self, text: str) -> bool:
        return self._needles.stand_in(text) or ("\x1b" in text and self._needles.stand_in(strip(text)))

    def _text(self, text: str) -> str:
        spans = found(text, self._spans, touching=True)
        return replaced(text, spans, lambda _: MASK) if spans else text

    def _spans(self, text: str) -> Iterator[Span]:
        return (Span(start, end, MASK) for start, end in self._needles.runs(text))

    def _other(self, value: Any) -> Any:
        # True is 1 to Python, and a truth value is no secret.
        return MASK if type(value) in {int, float} and value in self._numbers else value

    def mask_header(self, header: dict[str, Any]) -> dict[str, Any]:
        """Mask a record's header. The ids are its identity and stay; so do the status and the times."""
        masked: dict[str, Any] = self.mask(header)
        parts = {
            part: _put_back(masked[part], header[part], names)
            for part, names in _KEPT_OF_HEADER.items()
            if masked.get(part) is not header.get(part)
        }
        return {**masked, **parts} if parts else masked

    def mask_step(self, step: dict[str, Any]) -> dict[str, Any]:
        """Mask a step; its status, iteration and times stay."""
        masked: dict[str, Any] = self.mask(step)
        return masked if masked is step else _put_back(masked, step, _KEPT_OF_STEP)


def read_secrets(value: Any) -> Masker | None:
    """Read an event's ``secrets``: a list of strings; None where there are none.

    Raises InvalidRecord naming ``secrets`` or ``secrets[i]``, never showing a value.
    """
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        raise InvalidRecord("secrets must be a list of strings.", field="secrets", remedy=_REMEDY)
    return Masker(value)


_REMEDY: Final = "List each secret value as one string in 'secrets', or leave the field out."


def _checked(secret: Any, field: str) -> str:
    if not isinstance(secret, str):
        raise InvalidRecord(f"{field} must be a string.", field=field, remedy=_REMEDY)
    stripped = secret.strip()
    if len(stripped) < MIN_CHARACTERS:
        raise InvalidRecord(
            f"{field} must have at least {MIN_CHARACTERS} characters besides white space around it.",
            field=field,
            remedy="Leave it out: masking so short a value would spoil ordinary text.",
        )
    if len(secret.encode()) > MAX_SECRET_BYTES:
        raise InvalidRecord(f"{field} has more than {MAX_SECRET_BYTES} bytes.", field=field, remedy=_REMEDY)
    return stripped


def _check_amount(secrets: Sequence[str]) -> None:
    """Bound memory: every secret is held in several shapes."""
    limits = (
        (len(secrets), MAX_SECRETS, "values"),
        (sum(len(secret.encode()) for secret in secrets), MAX_ALL_SECRETS_BYTES, "bytes in all"),
        (sum(1 for secret in secrets for _ in lines(secret)), MAX_LINES, "lines"),
    )
    for count, limit, unit in limits:
        if count > limit:
            raise InvalidRecord(
                f"secrets has {count} {unit}; at most {limit} are masked.",
                field="secrets",
                remedy="List only the secrets that this execution used.",
            )


def _number(secret: str) -> int | float | None:
    """Return the number that a secret is in JSON, if it is one."""
    try:
        value = msgspec.json.decode(secret)
    except msgspec.DecodeError:
        return None
    return value if type(value) in {int, float} else None


def _put_back(masked: Any, original: Any, names: Sequence[str]) -> Any:
    if not isinstance(original, Mapping):
        return masked
    return {**masked, **{name: original[name] for name in names if name in original}}
