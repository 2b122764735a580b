"""Sessions of the web page: a signed cookie that stands for a token, and the one-time codes of login links.

A cookie holds no token, only the digest by which the tokens file knows it: a token that is revoked or has expired ends
its sessions with it. Whoever logs out ends a session on the board.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer
from msgspec import Struct

from producer.access.authenticate import Authenticator, utc_now
from producer.access.principal import Principal
from producer.access.tokens import token_digest
from producer.contract.board.logins import LoginBoard
from producer.contract.errors import BrokerUnavailable, Forbidden, Unauthenticated

LINK_LASTS: Final = timedelta(hours=1)
"""How long a login link waits to be opened; it works once."""

_LOG_IN: Final = "Log in at /login."


class Session(Struct, frozen=True):
    """Whose page it is, and the id that changes with each login."""

    id: str
    principal: Principal


class Sessions:
    """Begins, reads and ends sessions.

    ``link_secrets`` are those of RUNFOLIO_LINK_SECRET: the first signs, all are accepted. Salts keep what is signed
    here apart from download links and from each other.
    """

    def __init__(
        self,
        link_secrets: Sequence[str],
        authenticator: Authenticator,
        board: LoginBoard,
        lasts: timedelta,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        # This library signs with the last key of its list.
        keys = [secret.strip() for secret in reversed(link_secrets)]
        self._cookies = URLSafeTimedSerializer(keys, salt="runfolio/session")
        self._forms = URLSafeSerializer(keys, salt="runfolio/form")
        self._authenticator = authenticator
        self._board = board
        self.lasts: Final = lasts
        self._now = now

    def begin(self, token: str) -> str:
        """Return the cookie of a new session for a token. Raises Unauthenticated where it is unknown or expired."""
        self._authenticator.token(token)
        return self._cookie(token_digest(token))

    def read(self, cookie: str | None) -> Session:
        """Return the session of a cookie. Raises Unauthenticated where it is none, is over, or its token is gone."""
        if not cookie:
            raise Unauthenticated("Nobody is logged in.", field="cookie", remedy=_LOG_IN)
        try:
            # The age is looked at here: the library refuses a cookie of another gateway whose clock is ahead of ours.
            (identity, digest), signed_at = self._cookies.loads(cookie, return_timestamp=True)
        except BadData:
            raise _over() from None
        if self._now() - signed_at > self.lasts or self._ended(identity):
            raise _over()
        return Session(identity, self._authenticator.known(digest))

    def end(self, session: Session) -> None:
        """End a session, for as long as its cookie would last. Raises BrokerUnavailable."""
        self._board.end(session.id, self.lasts)

    def form_token(self, session: Session) -> str:
        """Return what a form or script of the session's own page sends along with a change."""
        return str(self._forms.dumps(session.id))

    def check_form(self, session: Session, form_token: str | None) -> None:
        """Raise Forbidden unless a change comes from the session's own page, which alone can know the form's token."""
        try:
            own = self._forms.loads(form_token or "") == session.id
        except BadData:
            own = False
        if not own:
            raise Forbidden(
                "The request does not come from the page of this session.",
                field="X-CSRF-Token",
                remedy="Reload the page and try again; programs send a token in the header Authorization instead.",
            )

    def offer_code(self, principal_digest: str) -> str:
        """Return a code that begins one session for a token, known by its digest. Raises BrokerUnavailable."""
        code = secrets.token_urlsafe(32)
        self._board.offer(_digest(code), principal_digest, LINK_LASTS)
        return code

    def redeem_code(self, code: str) -> str:
        """Return the cookie of a new session for a code. Raises Unauthenticated where it was used or is too old."""
        digest = self._board.redeem(_digest(code))
        if digest is None:
            raise Unauthenticated(
                "This login link has been used already, or is too old.",
                field="code",
                remedy="Make a new one with 'runfolio login', or paste a token.",
            )
        self._authenticator.known(digest)
        return self._cookie(digest)

    def _cookie(self, digest: str) -> str:
        return str(self._cookies.dumps([secrets.token_urlsafe(16), digest]))

    def _ended(self, identity: str) -> bool:
        try:
            return self._board.ended(identity)
        except BrokerUnavailable:
            # A logout is a courtesy to its owner; what ends a stolen session for sure is to revoke its token.
            return False


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _over() -> Unauthenticated:
    return Unauthenticated("The session is over.", field="cookie", remedy=_LOG_IN)
