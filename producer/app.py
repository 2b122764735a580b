"""The gateway's composition root: from settings to a running application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from starlette.staticfiles import StaticFiles

from producer.access.authenticate import Authenticator
from producer.access.tokens import TokenFile
from producer.api import events, executions, exports, links, service
from producer.api.docs import add_docs
from producer.api.head import HeadAsGet
from producer.api.logging import AccessLog
from producer.api.measuring import Measure
from producer.api.paths import RawPath
from producer.api.problems import add_problem_handlers
from producer.api.safety import SafeHeaders
from producer.api.stopping import Stopping
from producer.contract.board import Announcements, Board
from producer.contract.links import LinkSigner
from producer.contract.objects import ObjectStore
from producer.contract.objects.factory import ObjectsConfig, make_objects
from producer.contract.outbox import Outbox
from producer.contract.queue import Queue, make_celery
from producer.contract.records import Records
from producer.executions import Executions
from producer.exports import Exports, utc_now
from producer.gateway import Gateway
from producer.intake import Intake
from producer.links import Links
from producer.metrics import Metrics
from producer.settings import GatewaySettings

CALLS = 40
"""Requests that are worked on at the same time, besides events."""


def make_gateway(settings: GatewaySettings, objects: ObjectStore, broker: Redis, listener: AsyncRedis) -> Gateway:
    """Put the parts together around ready clients."""
    board = Board(broker)
    records = Records(objects)
    tokens = TokenFile(settings.tokens_file)
    tokens.entries()  # A tokens file that is missing or broken must stop the start; later the last good one is kept.
    outbox = Outbox(objects)
    signer = LinkSigner(settings.link_secret.split(","))
    exported = Exports(
        objects=objects,
        outbox=outbox,
        board=board,
        queue=Queue(make_celery(settings.broker_url)),
        links=signer,
        profile=settings.profile,
        public_url=settings.public_url,
        callbacks_enabled=settings.callback_secret is not None,
    )
    return Gateway(
        settings=settings,
        objects=objects,
        board=board,
        announcements=Announcements(listener),
        authenticator=Authenticator(tokens),
        exports=exported,
        links=Links(signer, outbox, objects, utc_now),
        executions=Executions(records, board, exported),
        intake=Intake(objects, records, exported, board, settings.max_step_bytes),
        uploads=anyio.CapacityLimiter(settings.max_uploads),
        calls=anyio.CapacityLimiter(CALLS),
    )


def connect(settings: GatewaySettings) -> Gateway:
    """Make the clients that the settings ask for, and the gateway around them."""
    objects = make_objects(ObjectsConfig.of(settings))
    broker = Redis.from_url(settings.broker_url, socket_timeout=5, socket_connect_timeout=2)
    listener = AsyncRedis.from_url(settings.broker_url, socket_connect_timeout=2)
    return make_gateway(settings, objects, broker, listener)


def make_app(gateway: Gateway) -> FastAPI:
    """Return the application over a gateway's parts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await gateway.announcements.start()
        yield
        await gateway.announcements.stop()

    app = FastAPI(
        title="Runfolio",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # A redirect would name the host and scheme that the gateway sees, which are not those before a proxy.
        redirect_slashes=False,
    )
    app.state.gateway = gateway
    app.state.metrics = Metrics()
    app.state.stopping = Stopping()
    for routes in (events, executions, exports, links, service):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(packages=[("producer", "static")]), name="static")
    add_docs(app)
    add_problem_handlers(app)
    _add_middleware(app)
    return app


def _add_middleware(app: FastAPI) -> None:
    """Wrap the routes, from the inside out: what is added last sees a request first."""
    app.add_middleware(Measure, metrics=app.state.metrics)
    app.add_middleware(HeadAsGet)
    app.add_middleware(AccessLog)
    app.add_middleware(SafeHeaders)
    app.add_middleware(RawPath)
