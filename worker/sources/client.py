"""Asks an engine's API: with retries, within a time and a size for everything together, and of ids nothing but ids."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from producer.contract import jsontext
from producer.contract.errors import MalformedBody, RunfolioError, SourceFailed, SourceUnavailable, TooLarge
from worker.sources.http import Answer, Line, TooMuch
from worker.sources.retries import LONGEST_WAIT, TRIES, asked_wait, is_passing, own_wait
from worker.wire import Unreached

_REQUEST: Final = 30.0
"""Seconds for one request, from the connection to the last byte of the answer."""

_SLICE: Final = 1.0
_FAULTS: Final = 3
"""How often in a row something optional may be answered by a fault of the engine before all of it counts as broken."""

_OPTIONAL_SHARE: Final = 0.8
"""Of the time: what a record can do without is asked for until then, so that the rest is not lost with it."""


class Missing(RunfolioError):
    """The API has no such thing. Caught by whoever asked for it."""


class Faulty(SourceUnavailable):
    """The engine answers, and says again and again that it cannot. Caught where it can be done without."""


class Limits(NamedTuple):
    """Seconds and bytes for everything that is fetched of one execution.

    ``rest`` is for how many seconds an engine that did not answer is left alone, so that workers have time for others.
    """

    seconds: float = 300.0
    size: int = 64 * 1024 * 1024
    rest: float = 30.0


class Pace(NamedTuple):
    """How time passes; replaced in tests."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Client:
    """One execution's way to its engine. ``check`` is called again and again, and may raise to stop it.

    Every method raises SourceUnavailable where it may go better later, SourceFailed where it will not.
    """

    def __init__(
        self, engine: str, line: Line, limits: Limits, check: Callable[[], None], pace: Pace | None = None
    ) -> None:
        self.engine = engine
        self.headers: dict[str, str] = {"Accept": "application/json"}
        self._line = line
        self._limits = limits
        self._check = check
        self._pace = pace or Pace()
        self._begun = self._pace.clock()
        self._taken = 0
        self._faults = 0
        self._left_out: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}

    @property
    def name(self) -> str:
        """The engine and where it is, for people."""
        return f"{self.engine} at {self._line.place.origin}"

    def get(self, *path: str, **query: str | int) -> Any:
        """Fetch something. ``path`` are segments, encoded here. Raises Missing too, for 404."""
        return self._parsed(self.fetch("GET", path, query))

    def post(self, *path: str, body: Mapping[str, Any]) -> Any:
        """Ask for something by a body, as for a page of a search. Raises Missing too, for 404."""
        return self._parsed(self.fetch("POST", path, {}, jsontext.encode(body)))

    def optional(self, what: str, *path: str, **query: str | int) -> Any:
        """Fetch what the record can do without; ``None`` where it cannot be had, which is noted by ``what`` it is.

        What is missing is no failure, and not noted: adapters know what its absence means.
        """
        return self.lenient(what, lambda: self.get(*path, **query))

    def lenient(self, what: str, act: Callable[[], Any]) -> Any:
        """Do something that the record can do without, as ``optional`` does.

        An engine that does not work at all is no reason to do without: that raises SourceUnavailable.
        """
        if self._spent() > _OPTIONAL_SHARE * self._limits.seconds:
            self._leave_out(what, f"it took longer than {_OPTIONAL_SHARE * self._limits.seconds:g} s")
            return None
        try:
            found = act()
        except Missing:
            found = None
        except (SourceFailed, Faulty) as error:
            self._faults += isinstance(error, Faulty)
            if self._faults > _FAULTS:
                raise
            self._leave_out(what, error.detail)
            return None
        self._faults = 0
        return found

    def _leave_out(self, what: str, reason: str) -> None:
        self._left_out[what] += 1
        self._reasons.setdefault(what, reason.rstrip("."))

    def room(self, most: int) -> int:
        """Tell how many bytes may still be taken, ``most`` at most."""
        return min(most, self._limits.size - self._taken)

    def take(self, size: int) -> None:
        """Count bytes that came by another way."""
        self._taken += size

    def notes(self) -> Iterator[str]:
        """Say what was left out, and why."""
        for what, count in self._left_out.items():
            yield f"Not fetched from {self.engine}: {what} ({count} times), because: {self._reasons[what]}."

    def wait(self, seconds: float) -> None:
        """Wait, and look meanwhile whether there is still reason to."""
        end = self._pace.clock() + seconds
        while (left := end - self._pace.clock()) > 0:
            self._check()
            self._pace.sleep(min(left, _SLICE))

    def wait_own(self, tries: int) -> None:
        """Wait as after so many tries that failed."""
        self.wait(own_wait(tries, self._pace.chance))

    def fetch(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str | int],
        body: bytes = b"",
    ) -> Answer:
        """Ask until there is an answer that is not to pass, and return it if it is a good one, or a redirect."""
        target = self._target(path, query)
        for count in range(1, TRIES + 1):
            answer, reason = self._once(method, target, body)
            if answer is not None and not is_passing(answer.status, answer.headers):
                return self._good(answer)
            asked = asked_wait(answer.headers) if answer is not None else 0.0
            if asked > LONGEST_WAIT:
                raise SourceFailed(
                    f"{self.name} asks to come again in {asked:.0f} s. {reason}",
                    remedy="Wait until then, and run 'runfolio retry', or export again.",
                )
            if count < TRIES:
                self.wait(max(asked, own_wait(count, self._pace.chance)))
        kind = SourceUnavailable if answer is None else Faulty
        raise kind(f"{self.name} does not work at the moment. {reason}", remedy=_LATER)

    def _once(self, method: str, target: str, body: bytes) -> tuple[Answer | None, str]:
        self._check()
        left = self._limits.seconds - self._spent()
        if left <= 0:
            raise SourceUnavailable(
                f"{self.name} did not give everything within {self._limits.seconds:g} s.",
                remedy="Raise RUNFOLIO_SOURCE_TIMEOUT, then run 'runfolio retry', or export again.",
            )
        headers = {**self.headers, **({"Content-Type": "application/json"} if method == "POST" else {})}
        try:
            answer = self._line.ask(
                method, target, headers, body, seconds=min(_REQUEST, left), most=self.room(self._limits.size)
            )
        except Unreached as error:
            return None, error.detail
        except TooMuch:
            raise SourceFailed(
                f"{self.name} gives more of the execution than {self._limits.size} bytes.",
                remedy="Raise RUNFOLIO_SOURCE_MAX_BYTES, then run 'runfolio retry', or export again.",
            ) from None
        self.take(len(answer.body))
        return answer, f"It answered {answer.status}."

    def _spent(self) -> float:
        return self._pace.clock() - self._begun

    def _target(self, path: tuple[str, ...], query: Mapping[str, str | int]) -> str:
        if "" in path[:-1] or not {".", ".."}.isdisjoint(path):
            # No server must take a segment of an id for a way out of the resource.
            raise SourceFailed(f"{self.name} cannot be asked for an id that is empty, '.' or '..'.")
        encoded = "/".join(quote(segment, safe="~") for segment in path)
        return f"{self._line.place.path}/{encoded}{'?' if query else ''}{urlencode(query)}"

    def _good(self, answer: Answer) -> Answer:
        status = answer.status
        if 200 <= status < 300 or status in {302, 307}:
            return answer
        if status in {404, 410}:
            raise Missing(f"{self.name} answered {status}.")
        if status in {401, 403}:
            setting = f"RUNFOLIO_SOURCE_{self.engine.upper()}_TOKEN"
            raise SourceFailed(
                f"{self.name} answered {status}: its credentials are missing, wrong, or may not read this.",
                field=setting,
                remedy=f"Correct {setting} at the workers, then run 'runfolio retry', or export again.",
            )
        if 300 <= status < 400:
            setting = f"RUNFOLIO_SOURCE_{self.engine.upper()}_URL"
            raise SourceFailed(
                f"{self.name} answered {status}; redirects are not followed.",
                field=setting,
                remedy=f"Set {setting} to the address that it leads to.",
            )
        raise SourceFailed(f"{self.name} answered {status}.", remedy=_LATER)

    def _parsed(self, answer: Answer) -> Any:
        if answer.status >= 300:
            raise SourceFailed(f"{self.name} answered {answer.status}; redirects are not followed.", remedy=_LATER)
        try:
            return jsontext.decode(answer.body, where="answer")
        except (MalformedBody, TooLarge) as error:
            raise SourceFailed(f"{self.name} gave no answer that can be read: {error.detail}", remedy=_CHECK) from None


_LATER: Final = "See that it works, then run 'runfolio retry', or export again."
_CHECK: Final = "Check that the address is the one of its API, then run 'runfolio retry', or export again."


def rows_of(client: Client, answer: Any, name: str | None = None) -> list[Any]:
    """Return the list in an answer, or the answer that is one. Raises SourceFailed for anything else."""
    rows = answer.get(name) if name is not None and isinstance(answer, dict) else answer
    if isinstance(rows, list):
        return rows
    raise SourceFailed(f"{client.name} gave something else than a list{f' of {name}' if name else ''}.", remedy=_CHECK)


def object_of(client: Client, answer: Any) -> dict[str, Any]:
    """Return an answer that is an object. Raises SourceFailed for anything else."""
    if isinstance(answer, dict):
        return answer
    raise SourceFailed(f"{client.name} gave something else than an object.", remedy=_CHECK)
