"""The server itself: a real HTTP server on this machine, in a thread of its own."""

import contextlib
import datetime as dt
import threading
import time
from collections.abc import Iterator, Sequence

import uvicorn

from santorio.simulator.server.accounts import Account
from santorio.simulator.server.app import create_app
from santorio.simulator.server.state import GarminServer

START_SECONDS = 20.0


@contextlib.contextmanager
def run_server(
    accounts: Sequence[Account], *, host: str = "127.0.0.1", port: int = 0, now: dt.datetime | None = None
) -> Iterator[GarminServer]:
    """Serve accounts for as long as the context lasts; port 0 takes a free one."""
    server = GarminServer(accounts)
    server.now = now or server.now
    # Clients that pass for a browser offer HTTP/2 in the clear; only h11 then still reads the request's body.
    config = uvicorn.Config(
        create_app(server), host=host, port=port, http="h11", log_level="critical", lifespan="off"
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, name="simulated-garmin", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not running.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise OSError(f"The simulated Garmin cannot listen on {host}:{port}.")
        time.sleep(0.01)
    listening = running.servers[0].sockets[0].getsockname()
    server.url = f"http://{listening[0]}:{listening[1]}"
    try:
        yield server
    finally:
        running.should_exit = True
        thread.join(timeout=10)
