from __future__ import annotations

import pytest

from producer.contract.errors import InvalidRecord, NotCompleted
from producer.contract.record import Status
from producer.engines.cursor import Cursor
from producer.engines.vocabulary import Phase, Vocabulary

WORDS = Vocabulary(
    {"ok": Status.SUCCEEDED, "crash": Status.FAILED, "new": Phase.QUEUED, "go": Phase.RUNNING, "zzz": Phase.WAITING},
    notes={"crash": "The process died."},
)


def word(text: object) -> Cursor:
    return Cursor(text, "run.status")


def test_ends_are_mapped() -> None:
    assert WORDS.execution(word("ok")) == (Status.SUCCEEDED, None)
    assert WORDS.step(word("crash")) == (Status.FAILED, "The process died.")


@pytest.mark.parametrize(("text", "phase"), [("new", "queued"), ("go", "running"), ("zzz", "waiting")])
def test_an_execution_that_has_not_ended_is_refused(text: str, phase: str) -> None:
    with pytest.raises(NotCompleted, match=f"'{text}', that is {phase}") as error:
        WORDS.execution(word(text))
    assert error.value.field == "run.status"


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("new", Status.SKIPPED, "never started"),
        ("go", Status.INTERRUPTED, "still running"),
        ("zzz", Status.INTERRUPTED, "still waiting"),
    ],
)
def test_a_step_that_was_left_behind_is_noted(text: str, status: Status, said: str) -> None:
    end = WORDS.step(word(text))
    assert end.status is status
    assert said in (end.note or "")
    assert f"'{text}'" in (end.note or "")


@pytest.mark.parametrize("text", ["OK", "", "done", None, 1, ["ok"], {"ok": 1}])
def test_other_words_are_never_a_success(text: object) -> None:
    for read in (WORDS.execution, WORDS.step):
        with pytest.raises(InvalidRecord) as error:
            read(word(text))
        assert error.value.field == "run.status"
