from __future__ import annotations

import itertools
from typing import Any

import pytest

from producer.contract import jsontext
from producer.contract.errors import InvalidOptions
from producer.contract.export import (
    MOVES,
    RENDERER_VERSION,
    Archive,
    Extra,
    Format,
    Options,
    Pending,
    RenderProfile,
    RequestedExport,
    State,
    StepFilter,
    export_id,
    read_requested,
)
from tests.unit.contract.test_outbox import AT, pending

PROFILE = RenderProfile()


def test_without_a_word_one_export_with_the_defaults_is_meant() -> None:
    assert read_requested(None) == (RequestedExport(),)
    assert read_requested({}) == (RequestedExport(),)
    assert RequestedExport().options == Options(Format.MARKDOWN, combine=False, include=(), steps=StepFilter.ALL)


def test_an_empty_list_asks_for_none() -> None:
    assert read_requested([]) == ()


def test_several_can_be_asked_for_at_once() -> None:
    asked = read_requested(
        [{"format": "html", "combine": True}, {"steps": "failed", "callback_url": "https://a.example"}]
    )
    assert asked[0].options == Options(Format.HTML, combine=True)
    assert asked[1].callback_url == "https://a.example"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"format": "pdf"}, "export.format"),
        ({"combine": "yes"}, "export.combine"),
        ({"include": "manifest"}, "export.include"),
        ({"include": ["manifest", "zip"]}, "export.include[1]"),
        ({"steps": "none"}, "export.steps"),
        ([{}, {"steps": 1}], "export[1].steps"),
        ("html", "export"),
        ([[]], "export[0]"),
    ],
)
def test_wrong_options_are_named(value: Any, field: str) -> None:
    with pytest.raises(InvalidOptions) as raised:
        read_requested(value)
    assert raised.value.field == field


def test_an_unknown_option_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidOptions, match="colour"):
        read_requested({"colour": "red"})


def test_equal_options_are_one_export() -> None:
    one = Options(include=(Extra.READER, Extra.MANIFEST, Extra.READER))
    other = Options(include=(Extra.MANIFEST, Extra.READER))
    assert one == other
    assert export_id("w", "e", "0" * 64, one, PROFILE) == export_id("w", "e", "0" * 64, other, PROFILE)


def test_whatever_decides_the_bytes_decides_the_id() -> None:
    parts: list[list[Any]] = [
        ["w", "w2"],
        ["e", "e2"],
        ["0" * 64, "1" * 64],
        [Options(), Options(combine=True), Options(format=Format.HTML), Options(include=(Extra.MANIFEST,))],
        [
            PROFILE,
            RenderProfile(timezone="Europe/Berlin"),
            RenderProfile(renderer=RENDERER_VERSION + 1),
            RenderProfile(markdown="x"),
            RenderProfile(redaction="mask:0123456789abcdef"),
        ],
    ]
    ids = {export_id(*combination) for combination in itertools.product(*parts)}
    assert len(ids) == 2 * 2 * 2 * 4 * 5
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in ids)


def test_ids_do_not_run_into_each_other() -> None:
    assert export_id("ab", "c", "0", Options(), PROFILE) != export_id("a", "bc", "0", Options(), PROFILE)


def test_settled_states_are_those_that_nothing_leaves_by_itself() -> None:
    assert {state for state in State if not state.settled} == {State.QUEUED, State.RUNNING}
    assert set(MOVES) == set(State)
    assert all(State.QUEUED in MOVES[state] for state in State if state.settled)
    assert State.READY not in MOVES[State.DELETED]


def test_another_generation_has_another_archive() -> None:
    again = pending().regenerated(1, "1" * 32, "https://runfolio.example/d/1")
    assert again.archive_key != pending().archive_key
    assert (again.id, again.created_at, again.options) == (pending().id, AT, Options())


def test_facts_tell_which_archives_are_of_no_use() -> None:
    archive = Archive("a.zip", 1, "0" * 64, 1)
    ready, failed = pending(1).settle(State.READY, AT, archive=archive), pending(1).settle(State.FAILED, AT)
    assert [ready.leaves_unused(pending(generation)) for generation in range(3)] == [True, False, False]
    assert [failed.leaves_unused(pending(generation)) for generation in range(3)] == [True, True, False]
    expired = ready.replace(status=State.EXPIRED)
    assert [expired.leaves_unused(pending(generation)) for generation in range(3)] == [True, True, False]


def test_a_pending_entry_survives_its_own_json() -> None:
    assert jsontext.convert(jsontext.decode(jsontext.encode(pending())), Pending) == pending()
