from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest
import redis

from producer.contract.board import Board, ExecutionSummary, Page, WorkflowSummary
from producer.contract.board.executions import Revision
from producer.contract.errors import InvalidOptions
from tests.integration.board.examples import every, execution

pytestmark = pytest.mark.integration

STRANGE = ["a:b", "a\nb", "a\0b", "🦊" * 256, "..%2F", "{rf}:x", " "]


def test_an_execution_comes_back_as_it_was_listed(board: Board) -> None:
    one = execution(1, digest=None, triggered_by=None, step_count=None, finished_at=None)

    assert board.executions.put(one)

    assert board.executions.find("n8n:1", one.execution_id) == one
    assert board.executions.page("n8n:1") == Page([one], None)
    assert board.executions.find("n8n:1", "other") is None
    assert board.executions.find("other", one.execution_id) is None


def test_what_is_not_listed_is_told_apart(board: Board) -> None:
    one = execution(1, digest="0d" * 32)
    board.executions.put(one)
    listed = Revision("n8n:1", one.execution_id, "0d" * 32)
    strange = [Revision("n8n:1", each, "0d" * 32) for each in STRANGE]
    others = [listed._replace(digest="0e" * 32), listed._replace(workflow_id="other"), *strange]

    assert board.executions.unlisted([others[0], listed, *others[1:]]) == others
    assert board.executions.unlisted([]) == []


def test_executions_come_newest_first_in_exact_pages_while_new_ones_arrive(board: Board) -> None:
    executions = [
        execution(n, status=random.Random(n).choice(["succeeded", "failed", "running"]))  # noqa: S311 # a fixed example
        for n in range(40)
    ]
    for one in sorted(executions, key=lambda each: hash(each.execution_id)):
        board.executions.put(one)
    arrivals = iter(range(100, 200))

    def page_after(cursor: str | None) -> Page[ExecutionSummary]:
        page = board.executions.page("n8n:1", cursor=cursor, limit=7)
        board.executions.put(execution(next(arrivals)))
        return page

    assert every(page_after) == executions[::-1]


def test_a_full_last_page_names_no_next_one(board: Board) -> None:
    for number in range(6):
        board.executions.put(execution(number))

    first = board.executions.page("n8n:1", limit=3)
    second = board.executions.page("n8n:1", limit=3, cursor=first.next)

    assert (len(first.items), len(second.items), second.next) == (3, 3, None)


def test_executions_of_one_moment_are_all_listed_once(board: Board) -> None:
    together = [execution(n, listed_at=5_000) for n in range(25)]
    for one in together:
        board.executions.put(one)

    found = every(lambda cursor: board.executions.page("n8n:1", cursor=cursor, limit=4))

    assert sorted(each.execution_id for each in found) == [each.execution_id for each in together]


def test_a_status_filters(board: Board) -> None:
    for number, status in enumerate(["failed", "succeeded", "running", "timed-out", "failed"]):
        board.executions.put(execution(number, status=status))

    assert [each.execution_id[-1] for each in board.executions.page("n8n:1", status="failed").items] == ["4", "0"]
    assert [each.execution_id[-1] for each in board.executions.page("n8n:1", status="running").items] == ["2"]
    assert board.executions.page("n8n:1", status="skipped") == Page([], None)
    with pytest.raises(InvalidOptions) as refused:
        board.executions.page("n8n:1", status="queued")
    assert refused.value.field == "status"
    assert "timed-out" in (refused.value.remedy or "")


def test_the_latest_accepted_revision_wins(board: Board) -> None:
    first = execution(1, accepted_at=1_000)
    newer = execution(1, accepted_at=2_000, status="failed", listed_at=7_000)

    assert board.executions.put(first)
    assert not board.executions.put(msgspec.structs.replace(first, status="cancelled"))
    assert board.executions.put(newer)
    assert not board.executions.put(first)

    assert board.executions.page("n8n:1").items == [newer]
    assert board.executions.page("n8n:1", status="succeeded").items == []


def test_a_completed_execution_never_runs_again(board: Board) -> None:
    running = execution(1, status="running", accepted_at=5_000, digest=None)
    completed = execution(1, accepted_at=4_000)

    assert board.executions.put(running)
    assert board.executions.put(completed)
    assert not board.executions.put(msgspec.structs.replace(running, accepted_at=9_000))

    assert board.executions.page("n8n:1").items == [completed]


def test_workflows_tell_their_newest_execution(board: Board) -> None:
    board.executions.put(execution(1, status="failed"))
    board.executions.put(execution(9))
    board.executions.put(execution(5, workflow_id="kestra:2", workflow_name="Backup", status="running"))

    found = board.workflows.page()

    assert found.next is None
    assert found.items == [
        WorkflowSummary("n8n:1", "virtual assistant", 2, "succeeded", execution(9).listed_at),
        WorkflowSummary("kestra:2", "Backup", 1, "running", execution(5).listed_at),
    ]
    assert board.workflows.find("kestra:2") == found.items[1]
    assert board.workflows.find("other") is None

    board.executions.put(execution(5, workflow_id="kestra:2", workflow_name="Backup", status="failed"))
    board.executions.put(execution(30, workflow_id="kestra:2", workflow_name="Nightly backup"))
    board.executions.put(execution(2, workflow_id="kestra:2", workflow_name="An old name"))
    assert board.workflows.page().items[0] == WorkflowSummary(
        "kestra:2", "Nightly backup", 3, "succeeded", execution(30).listed_at
    )


def test_workflows_are_searched_by_name_or_id_and_filtered(board: Board) -> None:
    for number, name in enumerate(["Straße", "backup", "BACKUP of mail", "mail"]):
        board.executions.put(execution(number, workflow_id=f"Engine:{number}", workflow_name=name))

    def names(query: str | None, allowed: Callable[[str], bool] = lambda _: True) -> list[str]:
        return [each.name for each in board.workflows.page(query=query, allowed=allowed).items]

    assert names("Backup") == ["BACKUP of mail", "backup"]
    assert names("STRASSE") == ["Straße"]
    assert names("engine:3") == ["mail"]
    assert names("") == names(None) == ["mail", "BACKUP of mail", "backup", "Straße"]
    assert names(None, lambda workflow: workflow == "Engine:0") == ["Straße"]
    assert names("mail", lambda workflow: workflow == "Engine:0") == []


def test_workflows_come_in_pages(board: Board) -> None:
    for number in range(5):
        board.executions.put(execution(number, workflow_id=f"w{number}"))

    first = board.workflows.page(limit=2)
    second = board.workflows.page(limit=2, cursor=first.next)
    third = board.workflows.page(limit=2, cursor=second.next)

    assert [each.id for page in (first, second, third) for each in page.items] == ["w4", "w3", "w2", "w1", "w0"]
    assert third.next is None


@pytest.mark.parametrize("strange", STRANGE)
def test_any_id_is_kept_apart_from_every_other(board: Board, strange: str) -> None:
    for number, identifier in enumerate([*STRANGE, "plain"]):
        board.executions.put(execution(number, workflow_id=strange, execution_id=identifier))

    assert {each.execution_id for each in board.executions.page(strange).items} == {*STRANGE, "plain"}
    for identifier in STRANGE:
        found = board.executions.find(strange, identifier)
        assert found is not None
        assert (found.workflow_id, found.execution_id) == (strange, identifier)
    assert board.executions.page(strange + "x").items == []
    assert [each.id for each in board.workflows.page().items] == [strange]


def test_forgetting_executions_forgets_the_workflow_with_the_last(board: Board, client: redis.Redis) -> None:
    board.executions.put(execution(1))
    board.executions.put(execution(2, status="failed"))

    assert board.executions.forget("n8n:1", execution(2).execution_id)
    assert not board.executions.forget("n8n:1", execution(2).execution_id)
    assert [(each.executions, each.last_status, each.last_listed_at) for each in board.workflows.page().items] == [
        (1, "succeeded", execution(1).listed_at)
    ]

    assert board.executions.forget("n8n:1", execution(1).execution_id)
    assert client.dbsize() == 0


def test_listings_survive_the_loss_of_any_part_of_them(board: Board, client: redis.Redis) -> None:
    for lost in range(5):
        client.flushdb()
        board.executions.put(execution(1))
        board.executions.put(execution(2, status="failed"))
        keys = sorted(client.scan_iter())
        assert len(keys) == 5
        client.delete(keys[lost])

        board.executions.page("n8n:1")
        board.workflows.page()
        board.workflows.find("n8n:1")
        board.executions.forget("n8n:1", execution(2).execution_id)
        board.executions.put(execution(2, accepted_at=2_000))
        board.executions.put(execution(3))
        assert board.executions.page("n8n:1").items[:2] == [execution(3), execution(2, accepted_at=2_000)]
        assert board.workflows.page().items[0].last_listed_at == execution(3).listed_at
