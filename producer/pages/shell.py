"""What every page of a session shows around its own content, and how pages learn who is looking."""

from __future__ import annotations

from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from producer.access.entries import Scope
from producer.access.principal import Principal
from producer.access.sessions import Session
from producer.api.cookies import session_of
from producer.api.limiting import count_call
from producer.gateway import Gateway


class Shell(NamedTuple):
    """The frame: whose session it is, where in the site it is, what scripts need for changes."""

    user: str
    form_token: str
    section: str
    may_export: bool
    may_delete: bool


class Visitor(NamedTuple):
    """Who is looking at a page, and by which parts it is made."""

    gateway: Gateway
    session: Session

    @property
    def principal(self) -> Principal:
        """What the visitor may see and do."""
        return self.session.principal

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the times on pages, as in documents."""
        return ZoneInfo(self.gateway.settings.timezone)

    def shell(self, section: str) -> Shell:
        """Return the frame of a page."""
        return Shell(
            user=self.principal.name,
            form_token=self.gateway.sessions.form_token(self.session),
            section=section,
            may_export=self.principal.may(Scope.EXPORT),
            may_delete=self.principal.may(Scope.DELETE),
        )


def _visitor(request: Request) -> Visitor:
    gateway: Gateway = request.app.state.gateway
    session = session_of(request, gateway)
    count_call(request, gateway, session.principal.name)
    return Visitor(gateway, session)


LoggedIn = Annotated[Visitor, Depends(_visitor)]
"""Who is looking. Raises Unauthenticated, which the application answers by the way to the login."""
