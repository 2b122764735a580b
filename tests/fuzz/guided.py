"""The parser of CloudEvents under a fuzzer that follows its branches: ``python -m tests.fuzz.guided FOLDER``.

Atheris has wheels for few platforms; ``make fuzz`` installs it where it has one. libFuzzer, which it drives, reads its
options from the command line and ends the process, with 0 where nothing was found.
"""

from __future__ import annotations

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["producer", "cloudevents"]):
    from producer.contract.errors import RunfolioError
    from producer.events import batch_events, binary_event, check_type, mode_of, structured_event
    from producer.incoming import Most, receive, split_record


def one(data: bytes) -> None:
    """Read bytes in every mode; whatever is raised besides a refusal is a finding."""
    with suppress(RunfolioError):
        event = structured_event(data)
        check_type(event)
        for _ in receive(split_record(event.data), Most()).steps:
            pass
    with suppress(RunfolioError):
        list(batch_events(data))
    with suppress(RunfolioError):
        lines = data.decode("latin-1").split("\n")
        headers = dict(line.partition(": ")[::2] for line in lines)
        mode_of(headers)
        check_type(binary_event(headers))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
