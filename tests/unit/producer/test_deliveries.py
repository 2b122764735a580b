from __future__ import annotations

import pytest

from producer.contract import callbacks
from producer.contract.audit import Action
from producer.contract.callbacks import Callback, Standing
from producer.contract.errors import Conflict, InvalidOptions, NotFound, StorageUnavailable
from producer.contract.export import Export, State
from producer.deliveries import Redelivery
from tests.house import HOOK, House, record_of, step
from worker.callbacks.outcome import Outcome, Verdict

RECORD = record_of([step("fetch")])
OTHER = "https://other.example/T0/hunter2"
ALL = Redelivery()
DAY = 24 * 3600


@pytest.fixture
def house() -> House:
    return House()


def told(house: House, *urls: str) -> Export:
    """Return an export that is ready, and of which some receivers were told."""
    (export,) = house.send(RECORD)
    for url in urls or (HOOK,):
        house.request(RECORD, callback_url=url)
    house.settle_down()
    return house.gateway.exports.find(export.id)


def again(house: House, export: Export, asked: Redelivery = ALL) -> list[Callback]:
    return house.gateway.deliveries.again(export.id, asked, "somebody").items


def standing(house: House, export: Export) -> list[Callback]:
    return house.gateway.deliveries.of(export.id).callbacks


def test_the_log_and_the_callbacks_are_shown_without_the_secret_part(house: House) -> None:
    export = told(house, HOOK, OTHER)
    log = house.gateway.deliveries.of(export.id)
    assert sorted((line.result, line.receiver) for line in log.items) == [
        ("delivered", "https://other.example"),
        ("delivered", "https://receiver.example"),
    ]
    assert [(one.status, one.attempts) for one in log.callbacks] == [(Standing.DELIVERED, 1)] * 2
    assert {line.callback for line in log.items} == {one.callback for one in log.callbacks}
    assert "hunter2" not in repr(log)


def test_an_export_without_callbacks_has_an_empty_log(house: House) -> None:
    (export,) = house.send(RECORD)
    log = house.gateway.deliveries.of(export.id)
    assert (log.items, log.callbacks) == ([], [])


def test_all_callbacks_are_told_again_under_their_ids(house: House) -> None:
    export = told(house, HOOK, OTHER)
    before = [message for message, _ in house.receiver.told]
    assert [(one.status, one.attempts) for one in again(house, export)] == [(Standing.WAITING, 0)] * 2
    house.work()
    messages = [message for message, _ in house.receiver.told]
    assert sorted(messages[2:]) == sorted(before)
    assert house.receiver.told[0][1] == house.receiver.told[-1][1]
    assert {one.status for one in standing(house, export)} == {Standing.DELIVERED}
    assert len(house.gateway.deliveries.of(export.id).items) == 4


def test_one_callback_is_told_again(house: House) -> None:
    export = told(house, HOOK, OTHER)
    (chosen,) = again(house, export, Redelivery(callbacks.callback_id(OTHER)))
    house.work()
    assert [message for message, _ in house.receiver.told[2:]] == [chosen.message_id]


def test_a_callback_that_was_given_up_can_be_told_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        gone = Outcome(Verdict.GIVEN_UP, "The receiver answered 410: it wants no more of these.", 410)
        patch.setattr(type(house.receiver), "deliver", lambda *_: gone)
        export = told(house)
    assert [(one.status, one.reason) for one in standing(house, export)] == [(Standing.GIVEN_UP, gone.reason)]
    again(house, export)
    house.work()
    assert [one.status for one in standing(house, export)] == [Standing.DELIVERED]
    assert len(house.receiver.told) == 1


def test_a_failed_export_is_told_again_as_failed(house: House) -> None:
    (export,) = house.send(RECORD, export={"callback_url": HOOK})
    pending = house.gateway.outbox.pending(export.id, 0)
    assert pending is not None
    assert house.gateway.outbox.settle(pending.settle(State.FAILED, house.clock.now()), None)
    house.settle_down()
    again(house, export)
    house.work()
    assert [one.status for _, one in house.receiver.told] == [State.FAILED] * 2


def test_after_a_new_generation_receivers_are_told_of_that_one(house: House) -> None:
    export = told(house)
    house.gateway.exports.revoke(export.id, "somebody")
    house.request(RECORD)
    house.settle_down()
    (put_back,) = again(house, export)
    house.work()
    (first, old), (second, new) = house.receiver.told
    assert first != second == put_back.message_id
    assert old.download_url != new.download_url
    assert len(standing(house, export)) == 1


def test_a_broker_that_is_away_loses_nothing(house: House) -> None:
    export = told(house)
    house.broker.down = True
    again(house, export)
    house.broker.down = False
    house.lose_broker()
    assert [one.status for one in standing(house, export)] == [Standing.WAITING]
    house.settle_down()
    assert len(house.receiver.told) == 2


def test_storage_that_is_away_is_said_and_nothing_is_noted(house: House) -> None:
    export = told(house)
    house.objects.down = True
    with pytest.raises(StorageUnavailable):
        again(house, export)
    house.objects.down = False
    house.gateway.audit.flush()
    assert Action.REDELIVERED not in {entry.action for entry in house.audited()}


def test_who_asks_is_noted(house: House) -> None:
    export = told(house)
    again(house, export)
    house.gateway.audit.flush()
    entry = house.audited()[-1]
    assert (entry.action, entry.who, entry.export_id) == (Action.REDELIVERED, "somebody", export.id)


@pytest.mark.parametrize("how", [State.QUEUED, State.DELETED, State.EXPIRED])
def test_only_what_is_ready_or_has_failed_is_told_again(house: House, how: State) -> None:
    if how is State.QUEUED:
        (export,) = house.send(RECORD, export={"callback_url": HOOK})
    else:
        export = told(house)
        if how is State.DELETED:
            house.gateway.exports.revoke(export.id, "somebody")
        house.clock.advance(8 * DAY)
    before = house.stored()
    with pytest.raises(Conflict) as raised:
        again(house, export)
    assert raised.value.remedy
    assert house.stored() == before
    assert len(house.receiver.told) == (how is not State.QUEUED)


def test_an_export_that_is_made_anew_is_told_of_by_itself(house: House) -> None:
    export = told(house)
    house.gateway.exports.revoke(export.id, "somebody")
    house.request(RECORD)
    with pytest.raises(Conflict, match="being made"):
        again(house, export)


def test_what_is_not_there_is_said(house: House) -> None:
    with pytest.raises(NotFound):
        house.gateway.deliveries.again("0" * 32, ALL, "somebody")
    (export,) = house.send(RECORD)
    house.settle_down()
    with pytest.raises(Conflict, match="no callback"):
        again(house, export)
    house.request(RECORD, callback_url=HOOK)
    with pytest.raises(InvalidOptions) as raised:
        again(house, export, Redelivery("0" * 32))
    assert raised.value.field == "callback"


def test_without_a_secret_there_is_nothing_to_sign_with() -> None:
    house = House(callbacks_enabled=False)
    (export,) = house.send(RECORD)
    house.settle_down()
    with pytest.raises(Conflict, match="switched off"):
        again(house, export)


def test_the_board_knows_which_exports_have_callbacks_also_after_a_loss(house: House) -> None:
    export = told(house)
    (plain,) = house.send(record_of([step()], execution="plain"))
    (waiting,) = house.send(record_of([step()], execution="waiting"), export={"callback_url": HOOK})
    ids = [export.id, plain.id, waiting.id]
    assert house.board.callbacks.noted(ids) == {export.id, waiting.id}
    house.lose_broker()
    house.sweeper.round()
    assert house.board.callbacks.noted(ids) == {export.id, waiting.id}


def test_a_callback_that_came_while_the_broker_was_away_is_noted_later(house: House) -> None:
    house.send(RECORD, export=[])
    house.broker.down = True
    export = house.request(RECORD, callback_url=HOOK).export
    house.broker.down = False
    assert house.board.callbacks.noted([export.id]) == set()
    house.sweeper.round()
    assert house.board.callbacks.noted([export.id]) == {export.id}
