"""Starts and stops the parts of one process: web, gateway, jobs, and what rides along."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

import uvicorn

from jiangcheng.config import jobs as job_runner
from jiangcheng.core import manifest
from jiangcheng.gateway import service as gateway_service

Companion = Callable[[asyncio.Event], Coroutine[None, None, None]]


def serve(
    *,
    host: str,
    port: int,
    gateway: tuple[str, int] | None,
    jobs: bool = True,
    companion: Companion | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal asks to stop; then stop accepting, flush what was received, and return.

    Parameters
    ----------
    gateway
        Address of the HJ 212 listener, or None for a process without one.
    companion
        A coroutine that runs beside the server until its event is set (the demo city's instruments).
    """
    asyncio.run(
        _serve(host=host, port=port, gateway=gateway, jobs=jobs, companion=companion, on_ready=on_ready)
    )


class _Server(uvicorn.Server):
    """A server that leaves signals to `_serve`: its own handling would end the process by the signal again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(
    *,
    host: str,
    port: int,
    gateway: tuple[str, int] | None,
    jobs: bool,
    companion: Companion | None,
    on_ready: Callable[[], None],
) -> None:
    config = uvicorn.Config(
        "jiangcheng.config.asgi:application",
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
        lifespan="off",
    )
    server = _Server(config)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
    runner = job_runner.Jobs(manifest.manifests.tasks()) if jobs else None
    listener = gateway_service.Gateway(*gateway) if gateway else None
    async with _started(listener=listener, runner=runner):
        beside = asyncio.create_task(companion(stop)) if companion else None
        announced = asyncio.create_task(_announce(server, on_ready))
        try:
            await server.serve()
        finally:
            stop.set()
            announced.cancel()
            if beside:
                with contextlib.suppress(asyncio.TimeoutError, asyncio.CancelledError):
                    await asyncio.wait_for(beside, timeout=5)


@contextlib.asynccontextmanager
async def _started(
    *, listener: gateway_service.Gateway | None, runner: job_runner.Jobs | None
) -> AsyncIterator[None]:
    if listener:
        await asyncio.to_thread(listener.start)
    if runner:
        runner.start()
    try:
        yield
    finally:
        # The listener goes first: what it acknowledged is on disk, and the jobs may still take it in.
        if listener:
            await asyncio.to_thread(listener.stop)
        if runner:
            await asyncio.to_thread(runner.stop)


async def _announce(server: uvicorn.Server, on_ready: Callable[[], None]) -> None:
    while not server.started:
        await asyncio.sleep(0.05)
    on_ready()


def run_until_signal(start: Callable[[], None], stop: Callable[[], None]) -> None:
    """Start a part that has its own threads, wait for SIGINT or SIGTERM, stop it."""
    waiting = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    start()
    try:
        signal.sigwait(waiting)
    finally:
        stop()
