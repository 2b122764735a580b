"""Each test starts a process of its own, since a type is looked up once in a process, and a race would kill it."""

from __future__ import annotations

import subprocess
import sys

import pytest

RACE = """
import sys, threading
sys.setswitchinterval(1e-6)
{imports}
together = threading.Barrier(8)
def read():
    together.wait()
    {read}
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("all read")
"""
HEADER = '{"workflow": {"id": "w"}, "execution": {"id": "e", "status": "succeeded"}}'


def outcome_of(imports: str, read: str) -> tuple[int, str]:
    code = RACE.format(imports=imports, read=read)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 # the code above
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("imports", "read"),
    [
        ("from producer.contract.record import read_header", f"read_header({HEADER})"),
        ("from producer.contract.record import read_step", 'read_step({"name": "s", "status": "failed"}, 0)'),
        (
            "from producer.contract.records import RecordObject\nfrom producer.contract.ready import ready\n"
            "import msgspec",
            "msgspec.json.Decoder(ready(RecordObject))",
        ),
    ],
    ids=["header", "step", "record"],
)
def test_threads_may_read_the_same_type_for_the_first_time(imports: str, read: str) -> None:
    assert outcome_of(imports, read) == (0, "all read\n")


def test_without_it_the_process_would_die() -> None:
    """Tells when msgspec looks types up safely by itself, and this is needed no more."""
    imports = "import msgspec\nfrom producer.contract.record import Header"
    read = f"msgspec.convert({HEADER}, Header)"
    # On a busy machine the threads may miss each other, though hardly ever so often.
    assert any(outcome_of(imports, read)[0] != 0 for _ in range(100))
