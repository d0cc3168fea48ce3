"""The sign-in pages and the token service: password, second factor, tickets, tokens, refresh."""

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from santorio.simulator.server.accounts import Account, Tokens

PAGE = "<html><head><title>Sign in</title></head><body>Sign in</body></html>"


class SignIn:
    """The sign-in of the phone's app and of the web portal, which differ by their addresses alone."""

    def __init__(self, accounts: Mapping[str, Account], tokens: Tokens) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._pending: dict[str, Account] = {}

    def routes(self) -> list[Route]:
        """Return the addresses."""
        routes = [Route("/di-oauth2-service/oauth/token", self.token, methods=["POST"])]
        for flow, language in (("mobile", "en_US"), ("portal", "en-US")):
            routes += [
                Route(f"/{flow}/sso/{language}/sign-in", self.page),
                Route(f"/{flow}/api/login", self.password, methods=["POST"]),
                Route(f"/{flow}/api/mfa/verifyCode", self.code, methods=["POST"]),
            ]
        return routes

    async def page(self, _request: Request) -> Response:
        """Show the page that sets the cookie."""
        response = HTMLResponse(PAGE)
        response.set_cookie("SESSION", secrets.token_hex(16))
        return response

    async def password(self, request: Request) -> Response:
        """Take email and password; request the second factor if there is one."""
        form = await request.json()
        account = self._accounts.get(form.get("username", ""))
        if account is None or not secrets.compare_digest(account.password, form.get("password", "")):
            return _status("INVALID_USERNAME_PASSWORD", 401)
        if account.mfa_code is None:
            return self._welcome(account)
        self._pending[request.cookies.get("SESSION", "")] = account
        # The code that follows belongs to the session of the page's cookie.
        return _status("MFA_REQUIRED", customerMfaInfo={"mfaLastMethodUsed": "email"})

    async def code(self, request: Request) -> Response:
        """Take the code of the second factor."""
        form = await request.json()
        account = self._pending.get(request.cookies.get("SESSION", ""))
        if account is None or str(form.get("mfaVerificationCode", "")) != account.mfa_code:
            return _status("MFA_CODE_INVALID", 401)
        return self._welcome(account)

    async def token(self, request: Request) -> Response:
        """Exchange a ticket or a refresh token for tokens."""
        form = {name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()}
        if "refresh_token" in form:
            account = self._tokens.rotate(form["refresh_token"])
        else:
            account = self._tokens.redeem(form.get("service_ticket", ""))
        if account is None:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return JSONResponse(self._tokens.issue(account))

    def _welcome(self, account: Account) -> Response:
        return _status("SUCCESSFUL", serviceTicketId=self._tokens.ticket(account))


def _status(kind: str, status: int = 200, **more: object) -> Response:
    return JSONResponse({"responseStatus": {"type": kind}, **more}, status_code=status)
