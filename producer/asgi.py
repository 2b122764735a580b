"""The gateway's process entry: settings, factory, server."""

from __future__ import annotations

import ctypes
import socket
from contextlib import suppress
from typing import Final

import uvicorn
from fastapi import FastAPI

from producer.app import connect, make_app
from producer.contract.errors import InvalidSetting
from producer.contract.logs import configure
from producer.contract.settings import read_settings
from producer.protocol import BoundedHeads
from producer.settings import GatewaySettings

GRACE: Final = 30
"""Seconds that requests under way have to end when the gateway is told to stop."""

KEEP_ALIVE: Final = 75
"""Seconds that an idle connection is kept: longer than common load balancers keep theirs, so that none of them sends a
request into a connection that is being closed."""


BACKLOG: Final = 2048
"""Connections that may wait to be taken."""


_M_MMAP_THRESHOLD: Final = -3
_LARGE_BUFFER: Final = 1 << 20


class Server(uvicorn.Server):
    """A server whose long answers, held requests and event streams, end at once when it is told to stop."""

    def __init__(self, app: FastAPI, host: str, port: int, proxies: str = "") -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                http=BoundedHeads,
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=GRACE,
                timeout_keep_alive=KEEP_ALIVE,
                proxy_headers=bool(proxies),
                forwarded_allow_ips=proxies,
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, let requests under way end, and then the application."""
        self._app.state.stopping.request()
        await super().shutdown(sockets)


def serve() -> None:
    """Run the gateway until it is told to stop. Raises InvalidSetting."""
    settings = read_settings(GatewaySettings)
    configure(settings.log_level)
    _return_large_buffers()
    with _listening(settings.host, settings.port) as listener:
        app = make_app(connect(settings))
        Server(app, settings.host, settings.port, settings.trusted_proxies).run(sockets=[listener])


def _return_large_buffers() -> None:
    """Let glibc give large buffers back to the system as soon as they are free (mallopt(3), M_MMAP_THRESHOLD).

    By itself it comes to keep those of up to 32 MiB, and a gateway's peak is then as much as 30 MiB higher. Other C
    libraries have no such call, and need none.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BUFFER)


def _listening(host: str, port: int) -> socket.socket:
    """Listen, before anything else is begun. Raises InvalidSetting naming the settings."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise InvalidSetting(
            f"RUNFOLIO_HOST and RUNFOLIO_PORT name {host} port {port}, where the gateway cannot listen: "
            f"{error.strerror or error}."
        ) from None
