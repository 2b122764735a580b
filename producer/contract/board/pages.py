"""Pages of the listings, read without ever holding or scanning more than a bounded part of them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import groupby, islice
from typing import Final, Generic, TypeVar

from msgspec import Struct

from producer.contract.board.broker import Broker
from producer.contract.board.positions import Listing, read_cursor, write_cursor
from producer.contract.errors import InvalidOptions

T = TypeVar("T")

SCAN_LIMIT: Final = 5_000
"""How many entries one request looks at; a page whose filter hides more is short, with a cursor to go on."""

_BATCH: Final = 500

Load = Callable[[Sequence[bytes]], Sequence[T | None]]
"""Reads the entries of members, in their order; None is one that is hidden, or gone since."""


class Page(Struct, Generic[T], frozen=True):
    """Some entries of a listing, newest first, and the cursor of the next page, None at the end."""

    items: list[T]
    next: str | None


def members_after(broker: Broker, listings: Sequence[bytes], after: bytes | None, count: int) -> list[bytes]:
    """Merge several sorted sets and return the next ``count`` members behind ``after``."""
    start = b"-" if after is None else b"(" + after
    found = broker.batch(("ZRANGE", key, start, "+", "BYLEX", "LIMIT", 0, count) for key in listings)
    # An entry stands in one set only; on a board of which parts were lost it may be left in two.
    merged = (member for member, _ in groupby(heapq.merge(*found)))
    return list(islice(merged, count))


def read_page(
    broker: Broker, listing: Listing, listings: Sequence[bytes], load: Load[T], *, cursor: str | None, limit: int
) -> Page[T]:
    """Read the page behind a cursor: at most ``limit`` entries that ``load`` shows.

    Raises InvalidOptions where the cursor is not of this listing.
    """
    after = read_cursor(listing, cursor)
    shown: list[tuple[bytes, T]] = []
    scanned, count = 0, limit + 1
    while scanned < SCAN_LIMIT:
        members = members_after(broker, listings, after, count)
        for member, item in zip(members, load(members), strict=True):
            if item is None:
                continue
            if len(shown) == limit:
                # One more than asked for tells that there is a next page.
                return _page(listing, shown, shown[-1][0])
            shown.append((member, item))
        if len(members) < count:
            return _page(listing, shown, None)
        scanned, after, count = scanned + count, members[-1], max(count, _BATCH)
    return _page(listing, shown, after)


def _page(listing: Listing, shown: list[tuple[bytes, T]], last: bytes | None) -> Page[T]:
    return Page([item for _, item in shown], write_cursor(listing, last))


def chosen(listings: Sequence[bytes], names: Sequence[str], status: str | None) -> list[bytes]:
    """Pick the listing of a status, or all of them. Raises InvalidOptions where there is no such status."""
    if status is None:
        return list(listings)
    if status not in names:
        raise InvalidOptions(
            f"There is no status {status[:40]!r}.",
            field="status",
            remedy=f"Use one of {', '.join(names)}, or leave it out.",
        )
    return [listings[list(names).index(status)]]
