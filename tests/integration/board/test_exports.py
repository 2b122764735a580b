from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
import redis

from producer.contract import jsontext
from producer.contract.board import EXPORTS_CHANNEL, Board, Refusal
from producer.contract.board.exports import MarkedTask
from producer.contract.errors import Conflict, LeaseLost
from producer.contract.export import MOVES, Progress, State
from tests.integration.board.examples import MINUTE, acquired, export, listed, settled, status_of

pytestmark = pytest.mark.integration


class Listener:
    """Collects what is published on the consumers' channel."""

    def __init__(self, client: redis.Redis) -> None:
        self._pubsub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call] # redis does not annotate it
        self._pubsub.subscribe(EXPORTS_CHANNEL)
        self._pubsub.get_message(timeout=5)

    def published(self) -> list[bytes]:
        found: list[bytes] = []
        while (message := self._pubsub.get_message(timeout=0.05)) is not None:
            found.append(message["data"])
        return found

    def close(self) -> None:
        self._pubsub.close()


@pytest.fixture
def listener(client: redis.Redis) -> Iterator[Listener]:
    listener = Listener(client)
    yield listener
    listener.close()


def test_a_queued_export_is_known_marked_and_listed(board: Board) -> None:
    one = export()

    before = board.queue.now()
    marked_at = board.exports.queued(one, 0)
    after = board.queue.now()

    entry = board.exports.known(one.id)
    assert marked_at is not None
    assert before <= marked_at <= after
    assert entry is not None
    assert (entry.export, entry.generation) == (one, 0)
    assert board.queue.marked([one.id, "another"]) == {one.id}
    assert listed(board, status="queued") == [one.id]


def test_a_message_is_pushed_with_its_mark_or_not_at_all(board: Board, client: redis.Redis) -> None:
    one = export()
    task = MarkedTask("a-queue", b'{"at":', b"}")
    marked_at = board.exports.queued(one, 0, task=task)
    assert client.lrange("a-queue", 0, -1) == [f'{{"at":{marked_at}}}'.encode()]
    assert board.exports.queued(one, 0, once=True, task=task) is None
    assert client.llen("a-queue") == 1


@pytest.mark.parametrize("large", [False, True])
def test_of_several_who_ask_at_once_one_sends_the_message(board: Board, large: bool) -> None:
    one = export()
    asked = [board.exports.queued(one, 0, large=large, once=True) is not None for _ in range(3)]
    assert asked == [True, False, False]
    assert board.exports.queued(one, 0, large=large) is not None, "The sweeper asks again."
    board.leases.hand_back(acquired(board.leases, one), one, "the store was away")
    assert board.exports.queued(one, 0, large=large, once=True) is not None, "It has no mark any more."


@pytest.mark.parametrize("strange", ["", "nobody", "a\0b\n{}", "\ud83d", "x" * 5000])
def test_an_unknown_export_is_unknown(board: Board, strange: str) -> None:
    assert board.exports.known(strange) is None
    assert not board.leases.revoke(strange)
    board.exports.forget(strange)


def test_the_whole_way_of_an_export(board: Board, listener: Listener) -> None:
    one = export()
    board.exports.queued(one, 0)
    sequences = [board.exports.known(one.id).sequence]  # type: ignore[union-attr] # it was queued above

    lease = acquired(board.leases, one)
    assert board.queue.marked([one.id]) == set()
    assert board.queue.leased([one.id, "another"]) == {one.id}
    assert listed(board, status="running") == [one.id]
    assert listed(board, status="queued") == []

    for done in (3, 5):
        board.leases.progress(lease, done, 8)
        entry = board.exports.known(one.id)
        assert entry is not None
        assert (entry.export.status, entry.export.progress) == (State.RUNNING, Progress(done, 8))
        sequences.append(entry.sequence)

    assert listener.published() == []
    board.leases.settle(lease, settled(one))
    entry = board.exports.known(one.id)
    assert entry is not None
    assert entry.export == settled(one)
    sequences.append(entry.sequence)
    assert sequences == sorted(set(sequences))
    assert listener.published() == [jsontext.encode(settled(one))]
    assert board.queue.leased([one.id]) == set()
    assert listed(board, status="ready") == [one.id] == listed(board, workflow_id="n8n:1")


def test_settling_twice_by_a_lost_answer_is_told_yes_and_announced_once(board: Board, listener: Listener) -> None:
    one = export()
    lease = acquired(board.leases, one)

    board.leases.settle(lease, settled(one))
    board.leases.settle(lease, settled(one))

    assert len(listener.published()) == 1
    with pytest.raises(LeaseLost):
        board.leases.settle(lease, settled(one, State.FAILED))


def test_whoever_settles_an_export_learns_whether_it_has_callbacks(board: Board) -> None:
    quiet, called = export(), export()
    board.callbacks.note([called.id])
    for one, expected in ((quiet, False), (called, True)):
        lease = acquired(board.leases, one)
        assert [board.leases.settle(lease, settled(one)) for _ in range(2)] == [expected, expected]


def test_an_equal_state_is_announced_again_only_on_request(board: Board, listener: Listener) -> None:
    ready = settled(export())

    assert board.exports.announce(ready, 0)
    assert board.exports.announce(ready, 0)
    assert len(listener.published()) == 1

    assert board.exports.announce(ready, 0, again=True)
    assert listener.published() == [jsontext.encode(ready)]


def test_a_rebuild_tells_nobody(board: Board, listener: Listener) -> None:
    ready = settled(export())

    assert board.exports.restore(ready, 4)

    assert listener.published() == []
    assert status_of(board, ready.id) is State.READY
    assert listed(board) == [ready.id]


def test_an_older_generation_changes_nothing(board: Board, listener: Listener) -> None:
    one = export()
    board.exports.queued(one, 2)

    assert not board.exports.announce(settled(one), 1)
    assert board.exports.queued(one, 1) is None
    assert board.leases.acquire(one, 1, owner="late", ttl=MINUTE) is Refusal.SUPERSEDED

    assert status_of(board, one.id) is State.QUEUED
    assert board.queue.marked([one.id]) == {one.id}
    assert listener.published() == []


@pytest.mark.parametrize("old", [state for state in State if state.settled])
@pytest.mark.parametrize("new", [state for state in State if state.settled])
def test_settled_states_follow_each_other_only_by_legal_moves(board: Board, old: State, new: State) -> None:
    one = export()
    board.exports.announce(settled(one, old), 0)

    accepted = board.exports.announce(settled(one, new), 0)

    assert accepted == (new is old or new in MOVES[old])
    assert status_of(board, one.id) is (new if accepted else old)
    assert listed(board, status=str(status_of(board, one.id))) == [one.id]
    assert len(listed(board)) == 1


def test_storage_has_the_last_word_on_what_the_board_thinks_unsettled(board: Board) -> None:
    one = export()
    board.exports.queued(one, 0)
    lease = acquired(board.leases, one)

    assert board.exports.announce(settled(one, State.DELETED), 0)

    with pytest.raises(LeaseLost):
        board.leases.progress(lease, 1, 8)
    assert board.leases.acquire(one, 0, owner="other", ttl=MINUTE) is Refusal.SETTLED
    assert board.exports.queued(one, 0) is None
    assert board.queue.marked([one.id]) == set()


def test_a_queued_export_that_is_deleted_loses_its_mark(board: Board) -> None:
    one = export()
    board.exports.queued(one, 0)

    board.exports.announce(settled(one, State.DELETED), 0)

    assert board.queue.marked([one.id]) == set()
    assert listed(board, status="deleted") == [one.id] == listed(board)


def test_a_new_generation_revives_a_settled_export(board: Board) -> None:
    one = export()
    board.exports.announce(settled(one), 0)

    assert board.exports.queued(one, 1) is not None

    lease = acquired(board.leases, one, 1)
    board.leases.settle(lease, settled(one, State.FAILED))
    entry = board.exports.known(one.id)
    assert entry is not None
    assert (entry.export.status, entry.generation) == (State.FAILED, 1)
    assert entry.export.progress == Progress(3, 8)


def test_only_ends_are_settled_or_announced(board: Board) -> None:
    one = export()
    lease = acquired(board.leases, one)

    for unsettled in (State.QUEUED, State.RUNNING):
        changed = msgspec.structs.replace(one, status=unsettled)
        with pytest.raises(Conflict):
            board.exports.announce(changed, 0)
        with pytest.raises(Conflict):
            board.leases.settle(lease, changed)
    with pytest.raises(Conflict, match="cannot become expired"):
        board.leases.settle(lease, settled(one, State.EXPIRED))
