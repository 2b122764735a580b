from __future__ import annotations

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from producer.api.safety import SafeHeaders


def answered(public_url: str, path: str = "/", **own: str) -> dict[str, str]:
    """The headers of an answer that had its own."""

    async def app(_: Scope, __: Receive, send: Send) -> None:
        headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in own.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    sent: list[Message] = []

    async def run() -> None:
        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        await SafeHeaders(app, public_url)({"type": "http", "path": path}, receive, send)

    anyio.run(run)
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize("path", ["/", "/v1/exports", "/d/token", "/static/1/page.js"])
def test_every_answer_keeps_other_sites_away(path: str) -> None:
    headers = answered("https://runfolio.example", path)
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_browsers_keep_to_https_where_the_site_is_https() -> None:
    assert answered("https://runfolio.example")["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in answered("http://runfolio.example")


def test_what_an_answer_says_itself_stays() -> None:
    assert answered("http://x", referrer_policy="same-origin")["referrer-policy"] == "same-origin"
