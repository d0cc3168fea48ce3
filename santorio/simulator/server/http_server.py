"""The server itself: a real HTTP server on this machine, in a thread of its own."""

import contextlib
import datetime as dt
import json
import threading
import time
from collections.abc import Iterator, Sequence

import uvicorn

from santorio.simulator.server.accounts import CLIENT_ID, Account, Tokens
from santorio.simulator.server.app import application
from santorio.simulator.server.faults import Faults

START_SECONDS = 20.0


class GarminServer:
    """A simulated Garmin Connect.

    Attributes
    ----------
    accounts
        By their email.
    tokens
        Tokens that are given out; they can be revoked.
    faults
        What goes wrong.
    requests
        Method, path and status of every request that was answered, in order.
    now
        The instant that it is for Garmin: days after it do not exist.
    silent_since
        By display name, since when a watch has not been synced: what it measured after that is not known.
    put_away_before
        Older days come without their series, until somebody asks them back.
    asked_back
        Display name and day of what was asked back.
    """

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.tokens = Tokens()
        self.faults = Faults()
        self.requests: list[tuple[str, str, int]] = []
        self.now = dt.datetime.now(dt.UTC)
        self.silent_since: dict[str, dt.datetime] = {}
        self.put_away_before: dt.date | None = None
        self.asked_back: set[tuple[str, str]] = set()
        self.url = ""
        self.accounts = {account.email: account for account in accounts}

    def token(self, account: Account) -> str:
        """Make the token text that `garminconnect` logs in with instead of a password."""
        issued = self.tokens.issue(account)
        return json.dumps(
            {
                "di_token": issued["access_token"],
                "di_refresh_token": issued["refresh_token"],
                "di_client_id": CLIENT_ID,
            }
        )


@contextlib.contextmanager
def run_server(
    accounts: Sequence[Account], *, host: str = "127.0.0.1", port: int = 0, now: dt.datetime | None = None
) -> Iterator[GarminServer]:
    """Serve accounts for as long as the context lasts; port 0 takes a free one."""
    server = GarminServer(accounts)
    server.now = now or server.now
    # Clients that pass for a browser offer HTTP/2 in the clear; only h11 then still reads the request's body.
    config = uvicorn.Config(
        application(server), host=host, port=port, http="h11", log_level="critical", lifespan="off"
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, name="simulated-garmin", daemon=True)
    thread.start()
    until = time.monotonic() + START_SECONDS
    while not running.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise OSError(f"The simulated Garmin cannot listen on {host}:{port}.")
        time.sleep(0.01)
    listening = running.servers[0].sockets[0].getsockname()
    server.url = f"http://{listening[0]}:{listening[1]}"
    try:
        yield server
    finally:
        running.should_exit = True
        thread.join(timeout=10)
