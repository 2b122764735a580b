"""A record as it comes in: told apart, checked, masked and bounded, step by step, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from producer.bodies import step_too_large
from producer.contract import jsontext
from producer.contract.errors import InvalidRecord, TooLarge
from producer.contract.export import RequestedExport, read_requested
from producer.contract.masking import Masker, read_secrets
from producer.contract.record import HeaderDocument, StepDocument, read_header, read_step


class Incoming(NamedTuple):
    """A record as it comes in: its first object, and its steps still as JSON text."""

    header: dict[str, Any]
    steps: Iterator[bytes]


class Received(NamedTuple):
    """A record that was read: its header, the exports that it asks for, and its steps, checked as they are drawn."""

    header: HeaderDocument
    requested: tuple[RequestedExport, ...]
    steps: Iterator[StepDocument]


class Most(NamedTuple):
    """The limits of one execution: bytes of a step, and how many steps. The defaults are those of a gateway."""

    step_bytes: int = 16 * 1024 * 1024
    steps: int = 1_000_000


def receive(incoming: Incoming, most: Most) -> Received:
    """Read a record, with the values masked that it lists as ``secrets``.

    Raises InvalidRecord, InvalidOptions, NotCompleted or TooLarge naming the field; of a step, when it is drawn.
    """
    header = {name: value for name, value in incoming.header.items() if name not in {"export", "secrets"}}
    requested = read_requested(incoming.header.get("export"))
    masker = read_secrets(incoming.header.get("secrets"))
    document = read_header(masker.mask_header(header) if masker else header)
    return Received(document, requested, _steps(incoming.steps, masker, most))


def _steps(steps: Iterable[bytes], masker: Masker | None, most: Most) -> Iterator[StepDocument]:
    for position, text in enumerate(steps):
        where = f"steps[{position}]"
        if position >= most.steps:
            raise _too_many_steps(most.steps)
        if len(text) > most.step_bytes:
            raise step_too_large(where, most.step_bytes)
        # A step may be large: while whoever draws it works on it, this holds neither its text nor its values.
        step = [_read(text, masker, position)]
        del text
        yield step.pop()


def _read(text: bytes, masker: Masker | None, position: int) -> StepDocument:
    value = jsontext.decode(text, where=f"steps[{position}]")
    return read_step(masker.mask_step(value) if masker and isinstance(value, dict) else value, position)


def _too_many_steps(limit: int) -> TooLarge:
    return TooLarge(
        f"The execution has more than {limit} steps.",
        field="steps",
        remedy="Send it as several executions, nest small steps as children of larger ones, or raise "
        "RUNFOLIO_MAX_STEPS.",
    )


def split_record(data: bytes) -> Incoming:
    """Split a record that is one JSON object into its header and its steps, which stay text until their turn."""
    members = jsontext.members(data, where="data")
    steps = members.pop("steps", None)
    if steps is None:
        raise InvalidRecord("steps: missing.", field="steps", remedy="Send a list of steps; it may be empty.")
    header = {name: jsontext.decode(bytes(raw), where=name) for name, raw in members.items()}
    return Incoming(header, (bytes(raw) for raw in jsontext.elements(bytes(steps), where="steps")))


def streamed_record(first: bytes, rest: Iterator[bytes]) -> Incoming:
    """Read a record that comes as lines. Raises InvalidRecord where the first line holds steps or is no object."""
    header = jsontext.decode(first, where="line 1")
    if not isinstance(header, dict) or "steps" in header:
        raise InvalidRecord(
            "line 1: must be the record's object without 'steps'.",
            field="line 1",
            remedy="Put workflow and execution on the first line, then a step a line.",
        )
    return Incoming(header, rest)


def as_text(record: Mapping[str, Any]) -> Incoming:
    """Take a record that an engine adapter made."""
    header = {name: value for name, value in record.items() if name != "steps"}
    return Incoming(header, (jsontext.encode(step) for step in record["steps"]))
