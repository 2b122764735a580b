from __future__ import annotations

import random
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.index import IndexWriter, StepEntry, index_name, read_index
from producer.contract.record import Status, Step

STEPS = st.builds(
    Step,
    name=st.text(max_size=30),
    status=st.sampled_from(Status),
    iteration=st.none() | st.integers(0, 10**25),
    started_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


def written(steps: list[Step], lengths: list[int]) -> list[StepEntry]:
    writer = IndexWriter()
    for step, length in zip(steps, lengths, strict=True):
        writer.add(step, length)
    assert writer.count == len(steps)
    return list(read_index(b"".join(writer.finish())))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(STEPS, st.integers(0, 10**7)), max_size=20))
def test_entries_come_back_with_their_places(given_steps: list[tuple[Step, int]]) -> None:
    steps, lengths = [one for one, _ in given_steps], [length for _, length in given_steps]
    entries = written(steps, lengths)
    assert [one.name for one in entries] == [step.name for step in steps]
    assert [one.iteration for one in entries] == [step.iteration for step in steps]
    assert [one.started_at for one in entries] == [step.started_at for step in steps]
    ends = [one.offset + one.length + 1 for one in entries]
    assert [one.offset for one in entries] == [0, *ends][: len(entries)]


def test_an_empty_index_holds_nothing() -> None:
    assert written([], []) == []


def test_an_index_of_many_steps_is_small_and_whole() -> None:
    count = 50_000
    writer = IndexWriter()
    moment = datetime(2025, 4, 9, tzinfo=UTC)
    for number in range(count):
        writer.add(Step(f"step {number % 100}", Status.SUCCEEDED, number, moment, moment), 2_000 + number % 300)
    data = b"".join(writer.finish())
    assert len(data) < 40 * count
    entries = list(read_index(data))
    assert len(entries) == count
    assert entries[-1].iteration == count - 1


def test_an_index_that_cannot_be_compressed_is_read_across_pieces() -> None:
    draw = random.Random(1)  # noqa: S311 # test data must repeat, not be secret
    names = ["".join(chr(draw.randrange(0x4E00, 0x9FFF)) for _ in range(1000)) for _ in range(200)]
    entries = written([Step(name, Status.FAILED) for name in names], [1] * len(names))
    assert [one.name for one in entries] == names


def test_a_very_long_name_is_cut_and_stays_different_from_others() -> None:
    name = "x" * 5_000
    assert index_name(name) == index_name("x" * 5_000)
    assert len(index_name(name)) < 1_200
    assert index_name(name) != index_name(name + "y")
    assert index_name("x" * 1024) == "x" * 1024
