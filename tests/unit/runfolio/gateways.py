"""A gateway that answers by a script, in the place of the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from runfolio.client import GatewayClient
from runfolio.target import Target

URL = "http://gateway.test"
Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


class Scripted:
    """Answers requests by the script's answers, in order, and keeps what it was asked; bodies are read."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self._answers.pop(0)
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def client(self) -> GatewayClient:
        return GatewayClient(Target(URL, "secret-token"), transport=httpx.MockTransport(self))

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.requests]


def answer(value: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=value)


def problem(status: int, name: str, **members: Any) -> httpx.Response:
    value = {"type": f"urn:runfolio:problem:{name}", "title": name, "status": status, "detail": "Why.", **members}
    return httpx.Response(status, json=value)


def refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused", request=request)
