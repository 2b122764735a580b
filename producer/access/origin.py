"""Where a browser's request comes from: changes that another site makes a browser ask for are refused.

Browsers say it: in ``Sec-Fetch-Site`` (Fetch Metadata Request Headers, section 2.4), older ones in ``Origin``
(RFC 6454 section 7). Programs that are no browser send neither, and have no cookies that could be misused.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from producer.contract.errors import Forbidden


def refuse_other_sites(headers: Mapping[str, str], public_url: str) -> None:
    """Raise Forbidden where a browser says that another site made it send this request."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        own = site in {"same-origin", "none"}
    else:
        origin = headers.get("origin")
        own = origin is None or _host(origin) in {_host(public_url), headers.get("host")} - {None}
    if not own:
        raise Forbidden(
            "Another site asked for this change.",
            field="Origin",
            remedy="Open Runfolio's own page and do it there.",
        )


def _host(url: str) -> str | None:
    """Return host and port of an address, None where it is none: what cannot be read is no page of ours."""
    try:
        return urlsplit(url).netloc or None
    except ValueError:
        return None
