"""The gateway's process entry: settings, factory, server."""

from __future__ import annotations

import uvicorn

from producer.app import connect, make_app
from producer.contract.logs import configure
from producer.contract.settings import read_settings
from producer.settings import GatewaySettings

GRACE = 30
"""Seconds that requests under way have to end when the gateway is told to stop."""


def serve() -> None:
    """Run the gateway until it is told to stop. Raises InvalidSetting."""
    settings = read_settings(GatewaySettings)
    configure(settings.log_level)
    uvicorn.run(
        make_app(connect(settings)),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        proxy_headers=False,
    )
