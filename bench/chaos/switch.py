"""A load balancer in miniature: hands every new connection to a server that takes it, and leaves those that are.

It can also stand for distance: what is sent arrives later, in order, and as much of it at a time as before.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Self

from runfolio.embedded.ports import LOOPBACK

_PIECE: Final = 64 * 1024


class Switch:
    """Listens on one port and forwards to the ports in ``targets``, in turn; those in ``resting`` get nothing new.

    ``delay`` is that of a round trip, in seconds.
    """

    def __init__(self, port: int, targets: Sequence[int], delay: float = 0.0) -> None:
        self.resting: set[int] = set()
        self.port = port
        self._targets = list(targets)
        self._delay = delay
        self._turn = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="switch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port, backlog=1024)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward = await self._connect()
        if onward is None:
            writer.close()
            return
        there = _delayed(reader, onward[1], self._delay) if self._delay else _pump(reader, onward[1])
        try:
            # The library's callback cannot take a task that ends as cancelled.
            with suppress(asyncio.CancelledError):
                await asyncio.gather(there, _pump(onward[0], writer))
        finally:
            writer.close()
            onward[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self._turn += 1
        for offset in range(len(self._targets)):
            port = self._targets[(self._turn + offset) % len(self._targets)]
            if port not in self.resting:
                with suppress(OSError):
                    return await asyncio.open_connection(LOOPBACK, port)
        return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends, and end the other side then."""
    with suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    with suppress(OSError):
        writer.close()


async def _delayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Do the same, each piece so much later."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def depart() -> None:
        while True:
            piece = b""
            with suppress(OSError):
                piece = await reader.read(_PIECE)
            under_way.put_nowait((loop.time() + delay, piece))
            if not piece:
                return

    async def arrive() -> None:
        with suppress(OSError):
            while True:
                due, piece = await under_way.get()
                await asyncio.sleep(due - loop.time())
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
            writer.close()

    await asyncio.gather(depart(), arrive())
