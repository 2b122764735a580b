from __future__ import annotations

import pytest

from producer.askers import KEPT
from producer.contract.audit import LINK, Action
from producer.contract.export import Export
from producer.listed import ListedExport
from tests.house import House, TestSender, record_of, step


@pytest.fixture
def house() -> House:
    return House()


def made(house: House, name: str) -> Export:
    (export,) = house.gateway.send(record_of([step()], execution=name), sender=TestSender(f"token of {name}"))
    house.settle_down()
    return house.gateway.exports.find(export.id)


def shown(house: House, *exports: Export) -> list[tuple[str | None, int | None]]:
    return [(one.requested_by, one.downloads) for one in house.gateway.demands.listed(exports)]


def test_everything_of_the_export_is_there_as_it_is(house: House) -> None:
    export = made(house, "a")
    (listed,) = house.gateway.demands.listed([export])

    assert isinstance(listed, ListedExport)
    assert {name: getattr(listed, name) for name in Export.__struct_fields__} == {
        name: getattr(export, name) for name in Export.__struct_fields__
    }
    assert ListedExport.__struct_fields__ == (*Export.__struct_fields__, "requested_by", "downloads")


def test_what_the_board_does_not_know_storage_is_asked_for_once(house: House) -> None:
    exports = [made(house, name) for name in "abc"]
    house.gateway.audit.note(Action.DOWNLOADED, LINK, exports[1])
    house.gateway.audit.flush()
    house.lose_broker()
    house.gateway.board.tallies.asked({exports[0].id: "token of a"})

    expected = [("token of a", 0), ("token of b", 0), ("token of c", 0)]
    assert shown(house, *exports) == expected
    house.objects.down = True
    assert shown(house, *exports) == expected


def test_what_nobody_can_tell_is_null(house: House) -> None:
    exports = [made(house, name) for name in "ab"]
    house.gateway.audit.flush()
    house.clock.advance(KEPT)
    house.broker.down = True
    assert shown(house, *exports) == [("token of a", None), ("token of b", None)]
    house.objects.down = True
    assert shown(house, *exports) == [(None, None), (None, None)]
    house.broker.down = False
    house.lose_broker()
    assert shown(house, *exports) == [(None, 0), (None, 0)]


def test_nothing_is_listed_of_nothing(house: House) -> None:
    house.broker.down = True
    assert house.gateway.demands.listed([]) == []
