from __future__ import annotations

import pytest

from producer.contract.board import Board
from producer.contract.errors import InvalidOptions
from producer.contract.export import Export, Progress, State, WorkflowRef
from tests.integration.board.examples import acquired, execution, export, listed, settled

pytestmark = pytest.mark.integration


def test_exports_are_listed_newest_first_in_pages(board: Board) -> None:
    exports = [export(created_at=execution(n).started_at) for n in range(7)]
    for number, one in enumerate(exports):
        if number % 2:
            board.exports.queued(one, 0)
        else:
            board.exports.restore(settled(one), 0)
    expected = [one.id for one in reversed(exports)]

    first = board.exports.page(limit=3)
    newcomer = export(created_at=execution(99).started_at)
    board.exports.queued(newcomer, 0)
    second = board.exports.page(limit=3, cursor=first.next)
    third = board.exports.page(limit=3, cursor=second.next)

    assert [each.id for page in (first, second, third) for each in page.items] == expected
    assert third.next is None
    assert listed(board, limit=1) == [newcomer.id]
    assert listed(board, status="ready") == [one.id for one in reversed(exports[::2])]


def test_exports_that_may_not_be_seen_are_passed_over_within_bounds(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producer.contract.board.pages.SCAN_LIMIT", 10)
    monkeypatch.setattr("producer.contract.board.pages._BATCH", 4)
    mine = export(workflow=WorkflowRef("mine", "mine"))
    board.exports.queued(mine, 0)
    for number in range(1, 31):
        board.exports.queued(export(created_at=execution(number).started_at), 0)

    found: list[Export] = []
    cursor, requests = None, 0
    while requests == 0 or cursor:
        page = board.exports.page(allowed=lambda workflow: workflow == "mine", cursor=cursor, limit=2)
        found += page.items
        cursor, requests = page.next, requests + 1

    assert found == [mine]
    assert 1 < requests < 6


def test_a_wrong_cursor_or_status_is_refused(board: Board) -> None:
    board.executions.put(execution(1))
    board.executions.put(execution(2))
    foreign = board.executions.page("n8n:1", limit=1).next

    for cursor in ("", "!", "é", "AAAA", foreign):
        with pytest.raises(InvalidOptions) as refused:
            board.exports.page(cursor=cursor)
        assert refused.value.field == "cursor"
    with pytest.raises(InvalidOptions) as refused:
        board.exports.page(status="asleep")
    assert refused.value.field == "status"


def test_a_listed_export_shows_its_progress_of_the_moment(board: Board) -> None:
    begun, running, queued = export(), export(), export()
    board.exports.queued(queued, 0)
    acquired(board.leases, begun)
    board.leases.progress(acquired(board.leases, running), 5, 9)

    shown = {each.id: (each.status, each.progress) for each in board.exports.page().items}

    assert shown == {
        begun.id: (State.RUNNING, Progress(0, 8)),
        running.id: (State.RUNNING, Progress(5, 9)),
        queued.id: (State.QUEUED, Progress(0, 8)),
    }
