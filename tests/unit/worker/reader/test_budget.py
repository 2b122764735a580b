from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from worker.reader.budget import CONTENT_LIMIT, EXCERPT, EXCERPTS_LIMIT, STEP_LIMIT, Budget, Held

FRAME = (
    '<h2 class="title">plan</h2><table class="facts"><tr><th>Status</th></tr></table>'
    '<section class="section output">\n<h3>Output</h3>\n<p>a &lt;b&gt; <em>c</em></p>'
)


def text(budget: Budget, *pieces: str) -> tuple[Held, str]:
    content = budget.take(pieces)
    return content.held, json.loads("".join(content.json) or '""')


def test_the_whole_page_is_bounded() -> None:
    assert CONTENT_LIMIT + EXCERPTS_LIMIT == 64 * 1024 * 1024
    assert STEP_LIMIT < CONTENT_LIMIT


def test_what_fits_is_held_whole() -> None:
    assert text(Budget(), "<p>", "a</p>") == (Held.WHOLE, "<p>a</p>")


@pytest.mark.parametrize(("size", "held"), [(98, Held.WHOLE), (99, Held.EXCERPT)])
def test_a_step_may_take_so_many_bytes_and_no_more(size: int, held: Held) -> None:
    assert Budget(step=100).take(["x" * size]).held is held


def test_bytes_count_as_they_are_written() -> None:
    assert Budget(step=14).take(["<<"]).held is Held.WHOLE
    assert Budget(step=13).take(["<<"]).held is Held.EXCERPT
    assert Budget(step=5).take(["é" * 2]).held is Held.EXCERPT


def test_a_smaller_step_may_fit_where_a_larger_did_not() -> None:
    budget = Budget(content=100)
    assert [budget.take(["x" * size]).held for size in (60, 60, 30, 30)] == [
        Held.WHOLE,
        Held.EXCERPT,
        Held.WHOLE,
        Held.EXCERPT,
    ]


def test_an_excerpt_is_what_a_person_reads_of_the_beginning() -> None:
    assert text(Budget(step=10), FRAME) == (Held.EXCERPT, "plan a <b> c")


def test_excerpts_are_bounded_too() -> None:
    budget = Budget(content=0, excerpts=EXCERPT + 2)
    assert text(budget, "word " * 10_000)[0] is Held.EXCERPT
    assert budget.take(["word " * 10_000]) == (Held.NAME, [])


def test_an_excerpt_is_cut_and_never_inside_of_markup() -> None:
    held, excerpt = text(Budget(content=0), "x" * (4 * EXCERPT - 2), "<a href=x>")
    assert held is Held.EXCERPT
    assert excerpt == "x" * EXCERPT
    assert text(Budget(content=0), " " * (4 * EXCERPT - 2), "<a href=x>") == (Held.EXCERPT, "")


def test_of_a_step_that_does_not_fit_little_is_drawn() -> None:
    drawn = 0

    def endless() -> Iterator[str]:
        nonlocal drawn
        while True:
            drawn += 1000
            yield "x" * 1000

    assert Budget().take(endless()).held is Held.EXCERPT
    assert drawn < STEP_LIMIT + 2000
    drawn = 0
    assert Budget(content=0).take(endless()).held is Held.EXCERPT
    assert drawn <= 4 * EXCERPT + 1000
