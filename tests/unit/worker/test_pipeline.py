from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from producer.contract.errors import Gone, NotFound, StorageUnavailable, TooLarge
from producer.contract.export import Export, Progress, State
from producer.contract.outbox import Settled
from producer.contract.tasks import ExportMessage
from tests.house import HOOK, House, Killed, Process, Step, Wire, record_of, step, stores_archive
from worker import pipeline

RECORD = record_of([step("fetch"), step("think", "failed"), step("fetch")])
LARGE = record_of([step("fetch", output="x" * 30_000) for _ in range(6)])


@pytest.fixture(params=[pipeline.SEALED_UP_TO, 0], ids=["sealed", "plain"])
def house(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(pipeline, "SEALED_UP_TO", request.param)
    return House()


def sent(house: House, record: dict[str, Any] = RECORD, **event: Any) -> tuple[Export, ExportMessage]:
    (export,) = house.send(record, **event)
    message = house.queue.take_export()
    assert message is not None
    return export, message


def state(house: House, export: Export) -> Export:
    return house.gateway.exports.find(export.id)


def sealed(house: House) -> bool:
    """Tell whether the one archive bears its facts."""
    (key,) = house.archives()
    return bool(house.objects.metadata(key))


def facts(house: House, export: Export) -> Any:
    current = house.gateway.outbox.current(export.id)
    assert isinstance(current, Settled)
    return current.facts


@pytest.mark.parametrize("record", [RECORD, LARGE], ids=["small", "large"])
def test_the_story_ends_with_an_archive_and_an_announcement(house: House, record: dict[str, Any]) -> None:
    export, message = sent(house, record)
    house.worker.pipeline.run(message)
    ready = state(house, export)
    assert ready.status is State.READY
    assert ready.progress == Progress(len(record["steps"]), len(record["steps"]))
    assert ready.expires_at is not None
    assert (ready.expires_at - house.clock.now()).days == 7
    assert house.broker.published == [ready]
    (key,) = house.archives()
    archive = zipfile.ZipFile(io.BytesIO(house.objects.get(key).data))
    assert len(archive.namelist()) == len(record["steps"])
    content_type, disposition = house.objects.headers(key)
    assert content_type == "application/zip"
    assert disposition is not None
    assert "virtual assistant_2025-04-09_14_59_56_e1.zip" in disposition
    assert house.pending() == []


SEALED = [
    "objects.put_if exports.zip", "leases.settle", "objects.put_if exports ", "queue.callback", "objects.delete",
]  # fmt: skip
PLAIN = [
    "objects.put_stream exports.zip", "leases.renew", "objects.put_if exports ", "leases.settle", "queue.callback",
    "objects.delete",
]  # fmt: skip


def test_the_order_of_settling_loses_nothing(house: House) -> None:
    _, message = sent(house, export={"callback_url": HOOK})
    seen: list[str] = []

    def watch(step: Any, call: Callable[[], Any]) -> Any:
        target = str(step.arguments[0]) if step.part == "objects" else ""
        seen.append(f"{step.part}.{step.method} {target.partition('/')[0]}{'.zip' if '.zip' in target else ' '}")
        return call()

    house.worker.wire.around = watch
    house.worker.pipeline.run(message)
    order = SEALED if sealed(house) else PLAIN
    found = [next(at for at, one in enumerate(seen) if one.startswith(wanted)) for wanted in order]
    assert found == sorted(found)
    assert found[-1] == len(seen) - 1


def test_of_two_workers_one_makes_it(house: House) -> None:
    export, message = sent(house)
    other = Process(house, Wire())
    interrupted: list[str] = []

    def meanwhile(step: Any, call: Callable[[], Any]) -> Any:
        if stores_archive(step):
            other.pipeline.run(message)
            interrupted.append(step.method)
        return call()

    house.worker.wire.around = meanwhile
    house.worker.pipeline.run(message)
    assert interrupted in (["put_if"], ["put_stream"])
    assert [one.status for one in house.broker.published] == [State.READY]
    assert state(house, export).status is State.READY


def test_a_message_that_comes_again_changes_and_tells_nothing(house: House) -> None:
    _, message = sent(house)
    house.worker.pipeline.run(message)
    before, told = house.stored(), len(house.broker.published)
    house.worker.pipeline.run(message)
    assert (house.stored(), len(house.broker.published)) == (before, told)


def test_a_worker_that_finds_it_settled_only_announces(house: House) -> None:
    export, message = sent(house)
    house.worker.pipeline.run(message)
    house.gateway.outbox.accept(message.pending)
    house.lose_broker()
    (key,) = house.archives()
    etag = house.objects.head(key).etag
    house.objects.delete([key])
    house.worker.pipeline.run(msgspec.structs.replace(message, first=False))
    assert house.archives() == [], "nothing was made again"
    assert etag
    assert [one.status for one in house.broker.published] == [State.READY] * 2
    assert house.broker.published[0] == house.broker.published[1]
    assert house.pending() == []
    assert state(house, export).status is State.READY


def test_a_first_message_that_comes_again_after_a_loss_of_the_board_ends_as_storage_says(house: House) -> None:
    export, message = sent(house)
    house.worker.pipeline.run(message)
    before = house.stored()
    house.lose_broker()
    house.worker.pipeline.run(message)
    house.sweeper.rebuild.list_missed()  # Its execution is listed again, too.
    assert house.stored() == before, "the same bytes under the same key"
    assert [one.status for one in house.broker.published] == [State.READY] * 2
    assert state(house, export).status is State.READY


def test_a_worker_that_lost_its_lease_changes_nothing(house: House) -> None:
    export, message = sent(house)

    def meanwhile(step: Any, call: Callable[[], Any]) -> Any:
        result = call()
        if stores_archive(step):
            house.clock.advance(120)
            house.board.leases.acquire(export, 0, owner="another", ttl=house.worker.pipeline.lease_ttl)
        return result

    house.worker.wire.around = meanwhile
    house.worker.pipeline.run(message)
    assert house.gateway.outbox.settled(export.id) is None
    assert house.broker.published == []
    assert len(house.pending()) == 1
    known = house.board.exports.known(export.id)
    assert known is not None
    assert known.export.status is State.RUNNING


def test_a_deletion_during_the_making_wins(house: House) -> None:
    export, message = sent(house)

    def meanwhile(step: Any, call: Callable[[], Any]) -> Any:
        result = call()
        if stores_archive(step):
            house.gateway.exports.revoke(export.id, "somebody")
        return result

    house.worker.wire.around = meanwhile
    house.worker.pipeline.run(message)
    assert state(house, export).status is State.DELETED
    assert (house.archives(), house.pending()) == ([], [])
    assert State.READY not in {one.status for one in house.broker.published}
    with pytest.raises(Gone):
        house.gateway.links.follow(export.download_url.rpartition("/")[2])


def test_a_render_that_fails_gives_failed_with_the_reason(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Iterator[bytes]:
        raise TooLarge("The file 'x.md' is larger than it may be.", remedy="Split it.")

    monkeypatch.setattr("worker.pipeline.archive_of", lambda *_: broken())
    export, message = sent(house, export={"callback_url": HOOK})
    house.worker.pipeline.run(message)
    failed = state(house, export)
    assert (failed.status, failed.archive) == (State.FAILED, None)
    assert failed.error is not None
    assert (failed.error.detail, failed.error.remedy) == ("The file 'x.md' is larger than it may be.", "Split it.")
    assert house.archives() == []
    house.settle_down()
    assert [told.status for _, told in house.receiver.told] == [State.FAILED]


def test_a_record_that_is_gone_gives_failed(house: House) -> None:
    export, message = sent(house, LARGE)
    house.objects.delete([key for key in house.stored() if key.startswith("executions/")])
    house.worker.pipeline.run(message)
    failed = state(house, export)
    assert failed.status is State.FAILED
    assert failed.error is not None
    assert "not stored" in failed.error.detail


def test_a_damaged_record_in_the_message_gives_failed(house: House) -> None:
    export, message = sent(house)
    house.worker.pipeline.run(ExportMessage(message.pending, "{"))
    assert state(house, export).status is State.FAILED


def test_a_wrong_profile_gives_failed_with_the_variable(house: House) -> None:
    export, message = sent(house)
    house.worker.pipeline.run(ExportMessage(_with_zone(message, "Mars/Base"), message.record))
    failed = state(house, export)
    assert failed.error is not None
    assert "RUNFOLIO_TIMEZONE" in failed.error.detail


def _with_zone(message: ExportMessage, zone: str) -> Any:
    from msgspec.structs import replace  # noqa: PLC0415 # needed here alone

    return replace(message.pending, profile=replace(message.pending.profile, timezone=zone))


def test_without_storage_an_export_is_handed_back(house: House) -> None:
    export, message = sent(house)

    def stumble(step: Any, call: Callable[[], Any]) -> Any:
        if stores_archive(step):
            raise StorageUnavailable("It does not answer.")
        return call()

    house.worker.wire.around = stumble
    house.worker.pipeline.run(message)
    assert state(house, export).status is State.QUEUED
    assert house.board.queue.leased([export.id]) == house.board.queue.marked([export.id]) == set()
    house.worker = Process(house, Wire())
    house.sweeper = house.worker.sweeper()
    house.settle_down()
    assert state(house, export).status is State.READY


def test_progress_is_on_the_board(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.pages._REPORT_EVERY", 0.0)
    export, message = sent(house)
    house.worker.pipeline.run(message)
    running = [(done, total) for one, status, done, total in house.broker.changes if status is State.RUNNING]
    assert running == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert state(house, export).progress == Progress(3, 3)


def test_what_is_left_of_a_superseded_generation_is_cleared_away(house: House) -> None:
    export, message = sent(house)
    house.worker.pipeline.run(message)
    house.gateway.exports.revoke(export.id, "somebody")
    revived = house.request(RECORD).export
    house.gateway.outbox.accept(message.pending)
    house.worker.pipeline.run(message)
    assert house.pending() == [f"pending/{export.id}.1.json"]
    house.settle_down()
    assert state(house, export).download_url == revived.download_url
    assert facts(house, export).pending.generation == 1


def test_a_fault_of_the_program_fails_the_export_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    export, message = sent(house)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("worker.pipeline.archive_of", broken)
    house.worker.pipeline.run(message)
    view = house.gateway.exports.find(export.id)
    assert view.status is State.FAILED
    assert view.error is not None
    assert view.error.type.endswith(":internal")
    assert "secret" not in view.error.detail
    assert house.pending() == []


def after_publication(house: House, happen: Callable[[], None]) -> None:
    """Let something happen between the announcement of a sealed archive and the write of its facts."""

    def around(step: Step, call: Callable[[], Any]) -> Any:
        if step.method == "put_if" and str(step.arguments[0]).endswith("export.json"):
            happen()
        return call()

    house.worker.wire.around = around


def killed() -> None:
    raise Killed


def away() -> None:
    raise StorageUnavailable("It does not answer.")


@pytest.mark.parametrize("happen", [killed, away])
def test_what_is_published_stays_so_though_its_facts_are_not_written_yet(happen: Callable[[], None]) -> None:
    house = House()
    export, message = sent(house)
    after_publication(house, happen)
    with suppress(Killed):
        house.worker.pipeline.run(message)
    (told,) = house.broker.published
    token = export.download_url.rpartition("/")[2]
    for _ in range(2):
        assert state(house, export) == told
        assert house.gateway.links.follow(token).address is not None
        assert house.gateway.links.follow(token, told).address is not None
        assert house.gateway.outbox.settled(export.id) is None
        house.lose_broker()  # The second time storage is asked alone.
    house.worker = Process(house, Wire())
    house.sweeper = house.worker.sweeper()
    house.settle_down()
    assert facts(house, export) == house.gateway.outbox.settled(export.id).facts  # type: ignore[union-attr] # it is there
    assert state(house, export) == told
    assert set(map(repr, house.broker.published)) == {repr(told)}
    assert len(house.archives()) == 1


def test_another_attempt_finds_the_archive_though_it_could_make_none() -> None:
    house = House()
    export, message = sent(house)
    after_publication(house, killed)
    with suppress(Killed):
        house.worker.pipeline.run(message)
    house.lose_broker()
    house.objects.delete([key for key in house.stored() if key.startswith("executions/")])
    house.worker = Process(house, Wire())
    house.worker.pipeline.run(ExportMessage(message.pending))
    first, second = house.broker.published
    assert first == second
    assert (state(house, export), house.pending()) == (first, [])


def test_a_deletion_right_after_publication_wins() -> None:
    house = House()
    export, message = sent(house)
    after_publication(house, lambda: revoke(house, export))
    house.worker.pipeline.run(message)
    (told, *later) = house.broker.published
    assert (told.status, {one.status for one in later}) == (State.READY, {State.DELETED})
    assert state(house, export).status is State.DELETED
    assert (house.archives(), house.pending()) == ([], [])
    with pytest.raises(Gone):
        house.gateway.links.follow(export.download_url.rpartition("/")[2], told)


def revoke(house: House, export: Export) -> None:
    house.gateway.exports.revoke(export.id, "somebody")


def test_a_board_that_knows_of_an_end_which_storage_does_not_is_put_right(house: House) -> None:
    export, message = sent(house)
    house.worker.pipeline.run(message)
    house.objects.delete([key for key in house.stored() if key.startswith("exports/")])
    house.gateway.outbox.accept(message.pending)
    house.settle_down()
    assert house.pending() == []
    assert facts(house, export).status is State.READY
    assert len(house.archives()) == 1
    assert state(house, export).status is State.READY


def test_an_export_that_is_given_up_though_its_archive_is_there_is_ready() -> None:
    house = House()
    export, message = sent(house)
    after_publication(house, killed)
    with suppress(Killed):
        house.worker.pipeline.run(message)
    house.lose_broker()
    sweeper = Process(house, Wire()).sweeper(max_attempts=1)
    for _ in range(5):
        house.clock.advance(600)
        sweeper.round()
        house.queue.lose_exports()
    assert house.pending() == []
    assert facts(house, export).status is State.READY


def test_a_link_that_was_replaced_is_gone_whatever_was_told() -> None:
    house = House()
    export, message = sent(house)
    house.worker.pipeline.run(message)
    (told,) = house.broker.published
    revoke(house, export)
    revived = house.request(RECORD).export
    token = export.download_url.rpartition("/")[2]
    with pytest.raises(Gone):
        house.gateway.links.follow(token, told)
    house.work()
    with pytest.raises(Gone):
        house.gateway.links.follow(token, house.broker.published[-1])
    new = revived.download_url.rpartition("/")[2]
    assert house.gateway.links.follow(new, told).address is not None


def test_what_the_board_alone_calls_ready_counts_for_a_moment_only() -> None:
    house = House()
    export, message = sent(house)
    house.worker.pipeline.run(message)
    house.objects.delete([key for key in house.stored() if key.startswith("exports/")])
    assert state(house, export).status is State.READY
    house.clock.advance(60)
    with pytest.raises(NotFound):
        state(house, export)
