from __future__ import annotations

from producer.askers import KEPT, MOST, Askers


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_newest_word_on_who_asked_is_kept_for_a_while() -> None:
    clock = Clock()
    askers = Askers(clock)
    assert askers.of("a") is None
    askers.note("a", "admin")
    askers.note("a", "engine")
    clock.now += KEPT - 1
    assert askers.of("a") == "engine"
    clock.now += 1
    assert askers.of("a") is None


def test_what_is_too_much_goes_the_oldest_first() -> None:
    askers = Askers(Clock())
    for number in range(MOST + 2):
        askers.note(str(number), "admin")
    assert [askers.of(str(number)) for number in (0, 1, 2, MOST + 1)] == [None, None, "admin", "admin"]


def test_what_is_too_old_makes_room() -> None:
    clock = Clock()
    askers = Askers(clock)
    askers.note("a", "admin")
    clock.now += KEPT
    askers.note("b", "admin")
    assert (askers.of("a"), askers.of("b")) == (None, "admin")
