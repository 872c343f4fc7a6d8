"""What stands before every answer: keys, rate limits, allowed origins, and headers for browsers."""

from collections.abc import Callable

import structlog
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_api.context import Context
from graphql_api.keys import KeyRing, Proof
from graphql_api.origins import client_at, is_loopback
from graphql_api.rate_limits import Allowance
from recommender.facts.errors import InvalidInput, InvalidSetting
from recommender.facts.keys import KeyKind
from recommender.settings import Settings

PREFLIGHT_SECONDS = 7200
"""How long a browser remembers that it may call us. Chrome remembers nothing for longer."""
REQUEST_HEADERS = ("x-recs-key", "x-request-id", "traceparent", "graphql-require-preflight")
RESPONSE_HEADERS = ("RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID")

log = structlog.get_logger(__name__)

Headers = list[tuple[bytes, bytes]]

_NO_STORE = (b"cache-control", b"no-store")
_VARY = (b"vary", b"Origin")
_PLAIN_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


def check_may_listen(settings: Settings, keys: KeyRing) -> None:
    """See that what others can reach is not open to all; say so if it is open to this machine.

    Raises:
        InvalidSetting: with the remedy.
    """
    if keys.is_empty and not is_loopback(settings.host):
        raise InvalidSetting(
            f"HOST={settings.host!r} can be reached from other machines, and there is no key yet, "
            "so everybody could do everything. Make one (python -m workers keys create --name shop "
            "--kind secret), or set HOST to 127.0.0.1."
        )
    if keys.is_open:
        log.warning(
            "open_to_all",
            reach="this machine only",
            remedy="make a key: python -m workers keys create",
        )


class Guard:
    """Lets requests through to an application, which then knows who sent them."""

    def __init__(self, app: ASGIApp, refusal: Callable[[Request, Exception], Response]) -> None:
        self._app = app
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse in the way of this door."""
        context: Context = scope["state"]["context"]
        try:
            caller = context.keys.caller_of(Proof.in_request(scope))
            buyer = _buyer(scope) if caller.kind is KeyKind.SECRET else None
            allowance = await context.rate_limits.spend(caller, client_of(scope), buyer)
        except Exception as error:
            await self._refusal(Request(scope), error)(scope, receive, send)
            return
        scope["state"]["context"] = context.of(caller)
        if allowance is not None:
            send = _with_headers(send, _rate_headers(allowance))
        await self._app(scope, receive, send)


class Cors(CORSMiddleware):
    """Tells browsers which sites' pages may call us: those of the settings and of the live keys."""

    def __init__(self, app: ASGIApp, keys: Callable[[], KeyRing]) -> None:
        super().__init__(
            app,
            allow_methods=("GET", "POST"),
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
            max_age=PREFLIGHT_SECONDS,
        )
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Only browsers say an origin; all others are spared the search for it in the answer."""
        if scope["type"] == "http":
            for name, _ in scope["headers"]:
                if name == b"origin":
                    await super().__call__(scope, receive, send)
                    return
        await self.app(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Keys come and go, so this is not known beforehand."""
        return self._keys().allows_origin(origin)


class AnswerHeaders:
    """Says to browsers what they must not do with our answers, and to caches who may see them."""

    def __init__(self, settings: Settings) -> None:
        self._headers: Headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            # Pictures and answers are for the shop's pages, on other sites than ours.
            (b"cross-origin-resource-policy", b"cross-origin"),
        ]
        if settings.base_url.startswith("https://"):
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    def beside(self, given: Headers) -> Headers:
        """Those of an answer, and what they do not say yet."""
        headers = [*given, *self._headers]
        has_policy = says_how_long = varies = False
        for name, value in given:
            if name == b"content-security-policy":
                has_policy = True
            elif name == b"cache-control":
                says_how_long = True
            elif name == b"vary" and b"Origin" in value:
                varies = True
        if not has_policy:
            headers.append(_PLAIN_POLICY)
        if not says_how_long:
            headers.append(_NO_STORE)
        if not varies:
            headers.append(_VARY)
        return headers


def client_of(scope: Scope) -> str:
    """The address that a request came from, as one client is told by."""
    address = scope["client"][0] if scope.get("client") else ""
    try:
        return client_at(address)
    except ValueError:
        # What a server calls those who come over a socket of its own.
        return str(address)


def _with_headers(send: Send, more: Headers) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"].extend(more)
        await send(message)

    return sending


def _rate_headers(allowance: Allowance) -> Headers:
    limit = allowance.limit
    return [
        (b"ratelimit-policy", b'"client";q=%d;w=%d' % (limit.amount, limit.get_expiry())),
        (b"ratelimit", b'"client";r=%d;t=%d' % (allowance.remaining, allowance.reset_seconds)),
    ]


def _buyer(scope: Scope) -> str | None:
    """The shopper's address, where the shop's server says it."""
    given = next((v for n, v in scope["headers"] if n == b"x-recs-buyer-ip"), None)
    if given is None:
        return None
    try:
        return client_at(given.decode("latin-1").strip())
    except ValueError:
        raise InvalidInput(
            "X-Recs-Buyer-IP", f"must be an address such as 192.0.2.7, not {given[:40]!r}"
        ) from None
