from __future__ import annotations

from typing import Any

import pytest

from producer.contract.callbacks import told
from producer.contract.errors import Conflict, ExportFailed, Gone, InvalidOptions, NotFound
from producer.contract.export import Export, RenderProfile, State
from producer.contract.outbox import Settled
from producer.contract.problem import Problem
from tests.house import HOOK, House, record_of, step

RECORD = record_of([step("fetch"), step("think", "failed")])
DAY = 24 * 3600


@pytest.fixture
def house() -> House:
    return House()


def token(export: Export) -> str:
    return export.download_url.rpartition("/")[2]


def made(house: House) -> Export:
    (export,) = house.send(RECORD)
    house.settle_down()
    return house.gateway.exports.find(export.id)


def fail(house: House, export: Export) -> None:
    pending = house.gateway.outbox.pending(export.id, 0)
    assert pending is not None
    facts = pending.settle(State.FAILED, house.clock.now(), error=Problem("urn:x", "X", 422, "It broke."))
    assert house.gateway.outbox.conclude(facts, None) == facts
    house.settle_down()


def ended(house: House, how: State) -> Export:
    """Return an export that came to an end without a usable archive."""
    (export,) = house.send(RECORD)
    if how is State.FAILED:
        fail(house, export)
        return house.gateway.exports.find(export.id)
    house.settle_down()
    if how is State.DELETED:
        house.gateway.exports.revoke(export.id, "somebody")
    else:
        house.clock.advance(8 * DAY)
    return house.gateway.exports.find(export.id)


ENDS = pytest.mark.parametrize("how", [State.FAILED, State.DELETED, State.EXPIRED])


def test_a_ready_export_leads_to_its_archive(house: House) -> None:
    export = made(house)
    link = house.gateway.links.follow(token(export))
    assert (export.status, link.export) == (State.READY, export)
    assert link.address is not None
    assert "expires_in=60" in link.address


def test_a_link_waits_until_the_export_is_ready(house: House) -> None:
    (export,) = house.send(RECORD)
    link = house.gateway.links.follow(token(export))
    assert (link.address, link.export.status) == (None, State.QUEUED)


def test_a_request_for_what_is_there_is_answered_at_once(house: House) -> None:
    export = made(house)
    answer = house.request(RECORD)
    assert (answer.export, answer.ready) == (export, True)
    assert house.queue.exports == []


def test_a_request_for_what_is_being_made_waits_with_the_first(house: House) -> None:
    (export,) = house.send(RECORD)
    answer = house.request(RECORD)
    assert (answer.export, answer.ready) == (export, False)
    assert len(house.queue.exports) == 1


@ENDS
def test_a_redelivered_event_never_revives(house: House, how: State) -> None:
    export = ended(house, how)
    before = house.stored()
    assert export.status is how
    assert house.send(RECORD) == [export]
    assert (house.stored(), house.queue.exports) == (before, [])


@ENDS
def test_a_request_revives_under_a_new_link_and_nothing_else_changes(house: House, how: State) -> None:
    old = ended(house, how)
    answer = house.request(RECORD)
    assert (answer.ready, answer.export.status) == (False, State.QUEUED)
    assert house.request(RECORD).export == answer.export, "asking twice is asking once"
    house.settle_down()
    new = house.gateway.exports.find(old.id)
    assert new.status is State.READY
    assert new.download_url == answer.export.download_url != old.download_url
    assert (new.id, new.options, new.created_at) == (old.id, old.options, old.created_at)
    assert house.gateway.exports.requested_by(old.id) == "engine"
    with pytest.raises(Gone, match="replaced"):
        house.gateway.links.follow(token(old))
    assert house.gateway.links.follow(token(new)).address is not None
    assert house.send(RECORD) == [new]


@ENDS
def test_a_link_that_leads_nowhere_says_why(house: House, how: State) -> None:
    export = ended(house, how)
    reasons: dict[State, tuple[type[Exception], str]] = {
        State.FAILED: (ExportFailed, "It broke"),
        State.DELETED: (Gone, "revoked"),
        State.EXPIRED: (Gone, "expired"),
    }
    kind, words = reasons[how]
    with pytest.raises(kind, match=words) as raised:
        house.gateway.links.follow(token(export))
    assert "again" in str(getattr(raised.value, "remedy", ""))


def test_an_event_that_comes_while_an_export_is_revived_joins_it(house: House) -> None:
    ended(house, State.DELETED)
    revived = house.request(RECORD).export
    (joined,) = house.send(RECORD, export={"callback_url": HOOK})
    assert joined == revived
    house.settle_down()
    assert [export.status for _, export in house.receiver.told] == [State.READY]


@pytest.mark.parametrize("value", ["x", "", "A" * 64, "../" * 20])
def test_a_token_that_is_none_of_ours_is_not_found(house: House, value: str) -> None:
    with pytest.raises(NotFound):
        house.gateway.links.follow(value)


def test_a_token_of_an_export_that_was_forgotten_is_not_found(house: House) -> None:
    export = made(house)
    house.objects.delete(house.stored())
    house.clock.advance(60)
    with pytest.raises(NotFound):
        house.gateway.links.follow(token(export))
    with pytest.raises(NotFound):
        house.gateway.exports.revoke(export.id, "somebody")
    with pytest.raises(NotFound):
        house.gateway.exports.find(export.id)
    assert house.gateway.exports.requested_by(export.id) is None


def test_deleting_takes_the_archive_and_cancels_what_is_not_finished(house: House) -> None:
    export = made(house)
    assert house.gateway.exports.revoke(export.id, "somebody").status is State.DELETED
    assert house.archives() == []
    (html,) = house.send(RECORD, export={"format": "html"})
    assert house.gateway.exports.revoke(html.id, "somebody").status is State.DELETED
    house.settle_down()
    assert (house.archives(), house.pending()) == ([], [])
    assert house.gateway.exports.find(html.id).status is State.DELETED


def test_deleting_again_changes_nothing_and_finishes_what_was_left(house: House) -> None:
    export = made(house)
    first = house.gateway.exports.revoke(export.id, "somebody")
    current = house.gateway.outbox.settled(export.id)
    assert isinstance(current, Settled)
    house.objects.put(current.facts.pending.archive_key, b"left over")
    house.clock.advance(5)
    assert house.gateway.exports.revoke(export.id, "somebody") == first
    assert house.archives() == []


def test_a_deletion_is_told_to_the_board_even_if_it_is_away(house: House) -> None:
    (export,) = house.send(RECORD)
    house.broker.down = True
    house.gateway.exports.revoke(export.id, "somebody")
    house.broker.down = False
    assert house.gateway.exports.find(export.id).status is State.QUEUED
    house.settle_down()
    assert house.gateway.exports.find(export.id).status is State.DELETED
    assert house.pending() == []


@pytest.mark.parametrize("url", ["ftp://a.example", "https://user@a.example/", "http://", "https://a b/"])
def test_a_wrong_callback_is_refused_before_anything_happens(house: House, url: str) -> None:
    house.send(RECORD, export=[])
    before = house.stored()
    with pytest.raises(InvalidOptions) as raised:
        house.request(RECORD, callback_url=url)
    assert raised.value.field == "callback_url"
    assert house.stored() == before


def test_callbacks_can_be_switched_off() -> None:
    house = House(callbacks_enabled=False)
    house.send(RECORD, export=[])
    with pytest.raises(Conflict):
        house.request(RECORD, callback_url=HOOK)
    assert house.pending() == []


@pytest.mark.parametrize("late", [False, True])
def test_an_export_tells_a_bounded_number_of_addresses(
    house: House, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "MOST_CALLBACKS", 2)
    house.send(RECORD)
    for number in range(2):
        house.request(RECORD, callback_url=f"https://receiver.example/{number}")
    if late:
        house.settle_down()
    with pytest.raises(Conflict, match="the most") as raised:
        house.request(RECORD, callback_url="https://receiver.example/2")
    assert raised.value.field == "callback_url"
    house.request(RECORD, callback_url="https://receiver.example/1")
    house.settle_down()
    assert {export.status for _, export in house.receiver.told} == {State.READY}


@pytest.mark.parametrize("late", [False, True])
def test_every_address_is_told_also_of_what_is_ready_already(house: House, late: bool) -> None:
    urls = [f"https://receiver.example/{number}" for number in range(3)]
    house.send(RECORD)
    if late:
        house.settle_down()
    for url in urls:
        house.request(RECORD, callback_url=url)
    house.settle_down()
    assert len({message for message, _ in house.receiver.told}) == 3
    assert {export.status for _, export in house.receiver.told} == {State.READY}


def test_other_settings_make_another_export() -> None:
    ids = {
        House(profile=profile).send(RECORD)[0].id
        for profile in (
            RenderProfile(),
            RenderProfile(timezone="Asia/Tokyo"),
            RenderProfile(markdown="python-markdown"),
        )
    }
    assert len(ids) == 3


def test_the_archive_is_named_in_the_zone_of_the_settings() -> None:
    house = House(profile=RenderProfile(timezone="Asia/Tokyo"))
    export = made(house)
    assert export.archive is not None
    assert export.archive.filename == "virtual assistant_2025-04-09_23_59_56_e1.zip"


def test_two_requests_at_once_are_one_export(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second request be accepted and made at each moment at which the first could be overtaken."""
    moments = ("pending/", "callbacks/")
    for number, moment in enumerate(moments):
        record = record_of([step()], execution=f"race{number}")
        house.send(record, export=[])
        overtaken: list[Any] = []

        def overtake(key: str, record: dict[str, Any] = record, seen: list[Any] = overtaken, at: str = moment) -> None:
            if key.startswith(at) and not seen:
                seen.append(key)
                seen.append(house.request(record).export)
                house.work()

        monkeypatch.setattr(house.objects, "before_put_if", overtake)
        answer = house.request(record, callback_url=HOOK)
        assert (answer.ready, answer.export.status) == (True, State.READY)
        assert house.pending() == []
        monkeypatch.setattr(house.objects, "before_put_if", lambda _: None)
        house.settle_down()
        final = house.gateway.exports.find(answer.export.id)
        assert final.id == overtaken[1].id
        assert (final.status, house.pending()) == (State.READY, [])
        assert final.download_url == answer.export.download_url
