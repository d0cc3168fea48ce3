"""The state of a simulated Garmin Connect: accounts, tokens, faults, and the requests it answered."""

import datetime as dt
import json
from collections.abc import Sequence

from santorio.simulator.server.accounts import CLIENT_ID, Account, Tokens
from santorio.simulator.server.faults import Faults


class GarminServer:
    """A simulated Garmin Connect.

    Attributes
    ----------
    accounts
        By their email.
    tokens
        Tokens that were issued; they can be revoked.
    faults
        Faults that are injected.
    requests
        Method, path and status of every request that was answered, in order.
    now
        The instant that Garmin takes for the present: days after it do not exist.
    silent_since
        By display name, since when a watch has not been synced: Garmin does not have what it measured after that.
    archived_before
        Older days come without their series, until their reload is requested.
    reloaded
        Display name and day of each reload request.
    """

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.tokens = Tokens()
        self.faults = Faults()
        self.requests: list[tuple[str, str, int]] = []
        self.now = dt.datetime.now(dt.UTC)
        self.silent_since: dict[str, dt.datetime] = {}
        self.archived_before: dt.date | None = None
        self.reloaded: set[tuple[str, str]] = set()
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
