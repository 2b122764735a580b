"""The gateway's composition root: from settings to a running application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import anyio
from anyio import to_thread
from fastapi import FastAPI
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from producer.access.authenticate import Authenticator
from producer.access.sessions import Sessions
from producer.access.tokens import TokenFile
from producer.api import audit, deliveries, events, executions, exports, links, logins, service
from producer.api.docs import add_docs
from producer.api.head import HeadAsGet
from producer.api.limiting import LimitFields
from producer.api.logging import AccessLog
from producer.api.measuring import Measure
from producer.api.paths import RawPath
from producer.api.problems import add_problem_handlers
from producer.api.safety import SafeHeaders
from producer.api.slots import Slots
from producer.api.stopping import Stopping
from producer.audit import AuditLog
from producer.contract.board import Announcements, Board
from producer.contract.callbacks import AllowList
from producer.contract.links import LinkSigner
from producer.contract.objects import ObjectStore
from producer.contract.objects.factory import ObjectsConfig, make_objects
from producer.contract.outbox import Outbox
from producer.contract.queue import Queue
from producer.contract.records import Records
from producer.deliveries import Deliveries
from producer.demand import Demands
from producer.executions import Executions
from producer.exports import Exports, utc_now
from producer.firsts import FirstExports
from producer.gateway import Gateway
from producer.incoming import Most
from producer.intake import Intake
from producer.limits import Limits
from producer.links import Links
from producer.metrics import Metrics
from producer.outline import Outlines
from producer.pages import execution, exported, login, workflows
from producer.pages.static import VersionedFiles
from producer.receivers import Receivers
from producer.settings import GatewaySettings

CALLS = 40
"""Requests that are worked on at the same time, besides events."""


def make_gateway(settings: GatewaySettings, objects: ObjectStore, broker: Redis, listener: AsyncRedis) -> Gateway:
    """Put the parts together around ready clients."""
    board = Board(broker)
    records = Records(objects)
    tokens = TokenFile(settings.tokens_file)
    tokens.entries()  # A tokens file that is missing or broken must stop the start; later the last good one is kept.
    authenticator = Authenticator(tokens)
    outbox = Outbox(objects)
    link_secrets = settings.link_secret.split(",")
    signer = LinkSigner(link_secrets)
    audited = AuditLog(objects, board, utc_now)
    queue = Queue(board.tasks, board.exports)
    callbacks_enabled = settings.callback_secret is not None
    exported = Exports(
        objects=objects,
        outbox=outbox,
        board=board,
        queue=queue,
        links=signer,
        profile=settings.profile,
        redactor=settings.redactor(),
        public_url=settings.public_url,
        receivers=Receivers(objects, board, queue, callbacks_enabled, AllowList(settings.callback_allow), utc_now),
        audit=audited,
        large_bytes=settings.large_record_bytes,
    )
    first = FirstExports(exported, ThreadPoolExecutor(2 * settings.max_uploads, "beside"))
    viewed = Executions(records, board, exported)
    return Gateway(
        settings=settings,
        objects=objects,
        board=board,
        announcements=Announcements(listener),
        authenticator=authenticator,
        sessions=Sessions(link_secrets, authenticator, board.logins, settings.session_ttl),
        limits=Limits(board, settings.rate_limit, settings.rate_limit_links, settings.rate_limit_failures),
        audit=audited,
        exports=exported,
        deliveries=Deliveries(objects, outbox, board, queue, audited, callbacks_enabled, utc_now),
        demands=Demands(exported, board),
        links=Links(signer, outbox, objects, utc_now),
        executions=viewed,
        outlines=Outlines(viewed),
        intake=Intake(objects, records, first, board, Most(settings.max_step_bytes, settings.max_steps)),
        uploads=Slots(settings.max_uploads, settings.max_uploads_per_sender),
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
        gateway.audit.start(app.state.metrics.audit_lost)
        gateway.limits.start()
        yield
        await to_thread.run_sync(gateway.limits.stop)
        await to_thread.run_sync(gateway.audit.stop)
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
    for routes in (
        events,
        executions,
        exports,
        deliveries,
        links,
        logins,
        audit,
        service,
        login,
        workflows,
        execution,
        exported,
    ):
        app.include_router(routes.router)
    app.mount("/static/{version}", VersionedFiles(), name="static")
    add_docs(app)
    add_problem_handlers(app)
    _add_middleware(app)
    return app


def _add_middleware(app: FastAPI) -> None:
    """Wrap the routes, from the inside out: what is added last sees a request first."""
    app.add_middleware(Measure, metrics=app.state.metrics)
    app.add_middleware(LimitFields)
    app.add_middleware(HeadAsGet)
    app.add_middleware(AccessLog)
    app.add_middleware(SafeHeaders, public_url=app.state.gateway.settings.public_url)
    app.add_middleware(RawPath)
