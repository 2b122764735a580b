"""Which methods an address takes, for the field ``Allow`` of a 405 (RFC 9110 section 15.5.6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from starlette.routing import BaseRoute, Match
from starlette.types import Scope


def allowed(routes: Iterable[BaseRoute], scope: Scope) -> str:
    """List the methods of all routes at a request's address; each that takes GET takes HEAD as well."""
    methods = {*_methods(routes, scope)}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _methods(routes: Iterable[BaseRoute], scope: Scope) -> Iterator[str]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _methods(included.routes, scope)
        elif route.matches(scope)[0] is not Match.NONE:
            yield from getattr(route, "methods", None) or ()
