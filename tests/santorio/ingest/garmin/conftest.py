"""Garmin's login and token service, as the library speaks with them, on a port of this machine."""

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from santorio.settings import Settings

CLIENT = "GARMIN_CONNECT_MOBILE_ANDROID_DI_2025Q2"


@dataclass
class GarminAccount:
    email: str = "me@example.org"
    password: str = "correct-horse-battery"
    profile_id: int = 4711
    code: str | None = None


@dataclass
class Garmin:
    """What the service knows, and what goes wrong with it on request."""

    accounts: list[GarminAccount]
    url: str = ""
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    # Paths that answer with a status instead, until they are taken out.
    broken: dict[str, int] = field(default_factory=dict)
    # Access tokens and refresh tokens that hold, and whose.
    access: dict[str, GarminAccount] = field(default_factory=dict)
    refresh: dict[str, GarminAccount] = field(default_factory=dict)
    tickets: dict[str, GarminAccount] = field(default_factory=dict)
    lifetime_s: float = 3600.0
    secrets: set[str] = field(default_factory=set)
    at_request: Callable[[str], None] = lambda _: None

    def tokens(
        self, account: GarminAccount | None = None, *, lifetime_s: float | None = None
    ) -> dict[str, str]:
        account = account or self.accounts[0]
        exp = time.time() + (self.lifetime_s if lifetime_s is None else lifetime_s)
        parts = [{"alg": "RS256"}, {"exp": exp, "client_id": CLIENT, "jti": uuid.uuid4().hex}]
        access = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
        )
        access, refresh = f"{access}.unsigned", f"refresh-{uuid.uuid4().hex}"
        self.access[access] = self.refresh[refresh] = account
        self.secrets |= {access, refresh, account.password}
        return {"access_token": access, "refresh_token": refresh}

    def token(self, account: GarminAccount | None = None, *, lifetime_s: float | None = None) -> str:
        """What garminconnect's `dumps` returns."""
        tokens = self.tokens(account, lifetime_s=lifetime_s)
        return json.dumps(
            {
                "di_token": tokens["access_token"],
                "di_refresh_token": tokens["refresh_token"],
                "di_client_id": CLIENT,
            }
        )

    def add(self, email: str, profile_id: int) -> GarminAccount:
        self.accounts.append(GarminAccount(email, profile_id=profile_id))
        return self.accounts[-1]

    def revoke(self) -> None:
        self.access.clear()
        self.refresh.clear()

    def count(self, path: str) -> int:
        return sum(requested.startswith(path) for _, requested, _ in self.requests)

    def answer(self, path: str, form: dict[str, str], bearer: str) -> tuple[int, object]:
        self.at_request(path)
        for start, status in self.broken.items():
            if path.startswith(start):
                return status, {"error": {"status-code": str(status)}}
        if path == "/di-oauth2-service/oauth/token":
            return self.exchange(form)
        if path.startswith(("/sso", "/portal", "/mobile")):
            return self.login(path, form)
        return self.data(path, self.access.get(bearer))

    def login(self, path: str, form: dict[str, str]) -> tuple[int, object]:
        if path.endswith("/api/login"):
            return 200, self.sign_in(form)
        if path.endswith("/api/mfa/verifyCode"):
            return 200, self.verify(form["mfaVerificationCode"])
        if path.endswith("/sign-in"):
            return 200, "<html><title>Sign in</title></html>"
        return 503, "<html><title>503</title></html>"

    def data(self, path: str, account: GarminAccount | None) -> tuple[int, object]:
        if account is None:
            return 401, {"message": "Token is not active"}
        if path == "/userprofile-service/socialProfile":
            return 200, {"displayName": f"name-{account.profile_id}", "profileId": account.profile_id}
        return 200, {"asked": path}

    def exchange(self, form: dict[str, str]) -> tuple[int, object]:
        if form["grant_type"] == "refresh_token":
            account = self.refresh.pop(form["refresh_token"], None)
            if account is None:
                # As the real one does, it quotes the token.
                return 400, {
                    "error": "invalid_grant",
                    "error_description": f"Invalid: {form['refresh_token']}",
                }
            return 200, self.tokens(account)
        account = self.tickets.pop(form["service_ticket"], None)
        return (200, self.tokens(account)) if account else (400, {"error": "invalid_grant"})

    def sign_in(self, form: dict[str, str]) -> object:
        account = next(
            (candidate for candidate in self.accounts if candidate.email == form["username"]), None
        )
        if account is None or account.password != form["password"]:
            return {"responseStatus": {"type": "INVALID_USERNAME_PASSWORD"}}
        if account.code is not None:
            return {
                "responseStatus": {"type": "MFA_REQUIRED"},
                "customerMfaInfo": {"mfaLastMethodUsed": "email"},
            }
        return self.ticket(account)

    def verify(self, code: str) -> object:
        account = next((candidate for candidate in self.accounts if candidate.code == code), None)
        return self.ticket(account) if account else {"responseStatus": {"type": "MFA_CODE_INVALID"}}

    def ticket(self, account: GarminAccount) -> object:
        ticket = f"ST-{uuid.uuid4().hex}"
        self.tickets[ticket] = account
        self.secrets |= {ticket, account.password}
        return {"responseStatus": {"type": "SUCCESSFUL"}, "serviceTicketId": ticket}


class Handler(BaseHTTPRequestHandler):
    garmin: Garmin
    protocol_version = "HTTP/1.1"

    def _respond(self) -> None:
        path = urlsplit(self.path).path
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if "json" in self.headers.get("Content-Type", ""):
            form = json.loads(text)
        else:
            form = {key: values[0] for key, values in parse_qs(text).items()}
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        status, body = self.garmin.answer(path, form, bearer)
        self.garmin.requests.append((self.command, path, status))
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Set-Cookie", "SESSION=cookie-of-the-login")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _respond  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def garmin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Garmin]:
    from garminconnect.client import sso

    # The library waits before it sends a password, to look like a person to Garmin's front.
    for bound in [name for name in vars(sso) if name.endswith(("_DELAY_MIN_S", "_DELAY_MAX_S"))]:
        monkeypatch.setattr(sso, bound, 0.0)
    garmin = Garmin([GarminAccount()], secrets={"cookie-of-the-login"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("One", (Handler,), {"garmin": garmin}))
    server.daemon_threads = True
    garmin.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield garmin
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def settings(settings: Settings, garmin: Garmin) -> Settings:
    return settings.model_copy(update={"garmin_url": garmin.url})
