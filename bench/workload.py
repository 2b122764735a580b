"""The executions that are measured with: the same for floor, peer and product."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any, Final

WORKFLOW: Final = {"id": "bench", "name": "nightly report"}
STEPS: Final = 10
STEP_BYTES: Final = 5_000
HEADERS: Final = {"Content-Type": "application/cloudevents+json"}
NDJSON: Final = {
    "Content-Type": "application/x-ndjson",
    "ce-specversion": "1.0",
    "ce-type": "runfolio.execution.completed.v1",
    "ce-source": "/bench",
    "ce-id": "1",
}

_TEXT: Final = (
    "the report of every region was read and compared with what the team had found before so that each claim has a "
    "source and no number stands alone while the model kept a list of open questions for the next review because "
    "customers in two markets asked for shorter delivery times and clearer invoices which support has answered"
)
_WORDS: Final = tuple(_TEXT.split())


def text(seed: int, size: int) -> str:
    """Write Markdown as a language model does: headings, prose, lists, a table, code. The same seed, the same text."""
    chance = random.Random(seed)  # noqa: S311 # text to measure with, not a secret
    parts: list[str] = []
    length = 0
    while length < size:
        part = _PARTS[len(parts) % len(_PARTS)](chance)
        parts.append(part)
        length += len(part)
    return "".join(parts)[:size]


def _sentence(chance: random.Random, words: int = 14) -> str:
    return " ".join(chance.choice(_WORDS) for _ in range(words)).capitalize() + "."


def _heading(chance: random.Random) -> str:
    return f"### {_sentence(chance, 4)}\n\n"


def _prose(chance: random.Random) -> str:
    sentences = " ".join(_sentence(chance) for _ in range(5))
    return f"{sentences} See **{chance.choice(_WORDS)}** and `{chance.choice(_WORDS)}_{chance.randrange(999)}`.\n\n"


def _list(chance: random.Random) -> str:
    return "".join(f"- {_sentence(chance, 8)} *{chance.choice(_WORDS)}*\n" for _ in range(4)) + "\n"


def _table(chance: random.Random) -> str:
    rows = "".join(f"| {chance.choice(_WORDS)} | {chance.randrange(10_000)} |\n" for _ in range(5))
    return f"| region | orders |\n| --- | --- |\n{rows}\n"


def _code(chance: random.Random) -> str:
    lines = "".join(f"total += orders[{chance.randrange(99)}]  # {chance.choice(_WORDS)}\n" for _ in range(4))
    return f"```python\n{lines}```\n\n"


_PARTS: Final = (_heading, _prose, _list, _prose, _table, _prose, _code)


def step(number: int, seed: int, size: int = STEP_BYTES) -> dict[str, Any]:
    """Make one step."""
    return {"name": f"step {number}", "status": "succeeded", "output": text(seed, size)}


def execution(number: int) -> dict[str, Any]:
    """Name an execution."""
    return {"id": f"execution-{number}", "status": "succeeded", "started_at": "2026-01-01T00:00:00Z"}


def record(number: int, steps: int = STEPS, size: int = STEP_BYTES) -> dict[str, Any]:
    """Make an execution that is unlike that of any other number."""
    made = [step(position, number * steps + position, size) for position in range(steps)]
    return {"workflow": WORKFLOW, "execution": execution(number), "steps": made}


def event(number: int, made: Mapping[str, Any] | None = None) -> bytes:
    """Make a structured CloudEvent of a record."""
    attributes = {"specversion": "1.0", "type": NDJSON["ce-type"], "source": "/bench", "id": f"event-{number}"}
    return json.dumps({**attributes, "data": made or record(number)}).encode()


def lines(number: int, steps: int, size: int, *, largest: int = 0, **data: Any) -> Iterator[bytes]:
    """Make an execution of any size, as lines; its last step has ``largest`` bytes where that is more."""
    yield json.dumps({"workflow": WORKFLOW, "execution": execution(number), **data}).encode() + b"\n"
    output = text(number, size)
    for position in range(steps):
        shown = text(number, largest) if largest > size and position == steps - 1 else f"{output}{position}"
        made = {"name": f"step {position % 1000}", "status": "succeeded", "output": shown}
        yield json.dumps(made).encode() + b"\n"
