"""Logins on the board: one-time codes that wait to be used, and sessions that were ended before their time."""

from __future__ import annotations

from datetime import timedelta

from producer.contract.board import places
from producer.contract.board.broker import Broker
from producer.contract.board.leases import in_milliseconds


class LoginBoard:
    """Keeps digests only. Every method raises BrokerUnavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def offer(self, code_digest: str, token_digest: str, ttl: timedelta) -> None:
        """Let a code stand for a token, once, for ``ttl`` from now."""
        self._broker.command("SET", places.login_code(code_digest), token_digest, "PX", in_milliseconds(ttl))

    def redeem(self, code_digest: str) -> str | None:
        """Use up a code and return the digest of its token, None where there is no such code."""
        found: bytes | None = self._broker.command("GETDEL", places.login_code(code_digest))
        return None if found is None else found.decode()

    def end(self, session_id: str, ttl: timedelta) -> None:
        """Note that a session is over."""
        self._broker.command("SET", places.ended_session(session_id), 1, "PX", in_milliseconds(ttl))

    def ended(self, session_id: str) -> bool:
        """Tell whether a session was ended."""
        return bool(self._broker.command("EXISTS", places.ended_session(session_id)))
