"""The one module that talks HTTP: one attempt at one date of one service.

No redirect is followed, no proxy or ``.netrc`` of the environment is used, and every attempt has
a connection of its own: a reused one that the other side has just closed would leave it unclear
whether the request was taken.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from checkpoints.contract.model import Service
from remediation.clock import Clock
from remediation.errors import CredentialsError
from remediation.service.answer import Answer, Kind, classify, clean
from remediation.service.credentials import Tokens
from remediation.service.request import audience_of, request_for

CONNECT_SECONDS = 10.0
MOST_BYTES = 64 * 1024
CHUNK = 8 * 1024


class Sender:
    """Calls one service, from any thread. Without ``tokens`` no credentials are sent."""

    def __init__(self, service: Service, tokens: Tokens | None, clock: Clock) -> None:
        self._service = service
        self._tokens = tokens
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=1))

    def close(self) -> None:
        """Release the connection."""
        self._session.close()

    def authenticate(self, *, renew: bool = False) -> str | None:
        """The token that the next call carries, if it carries one.

        Raises:
            CredentialsError: none could be had.
        """
        if self._tokens is None:
            return None
        return self._tokens.token(audience_of(self._service), renew=renew)

    def send(self, day: date, *, key: str, renew: bool = False) -> Answer:
        """Make one attempt. ``key`` is the same for every attempt at the same call.

        Never raises for what the network or the service does.
        """
        try:
            token = self.authenticate(renew=renew)
        except CredentialsError as error:
            return Answer(kind=Kind.NOT_SENT, detail=str(error), stops=True)
        started = self._clock.monotonic()
        answer = self._attempt(day, key, token)
        detail = answer.detail.replace(token, "[token]") if token else answer.detail
        stops = answer.stops or (answer.kind is Kind.UNAUTHORIZED and token is None)
        seconds = self._clock.monotonic() - started
        return replace(answer, detail=detail, seconds=seconds, stops=stops)

    def _attempt(self, day: date, key: str, token: str | None) -> Answer:
        try:
            with self._open(day, key, token) as response:
                body = self._body(response, token)
                now = self._clock.now()
                return classify(self._service, response.status_code, response.headers, body, now)
        except requests.exceptions.SSLError as error:
            return Answer(kind=Kind.REJECTED, detail=_said("TLS failed", error), stops=True)
        except (requests.exceptions.ConnectTimeout, requests.exceptions.InvalidURL) as error:
            return Answer(kind=Kind.NOT_SENT, detail=_said("cannot connect", error))
        except requests.exceptions.ReadTimeout:
            return self._no_answer()
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:
            if isinstance(_root(error), NewConnectionError):
                return Answer(kind=Kind.NOT_SENT, detail=_said("cannot connect", error))
            return Answer(kind=Kind.UNKNOWN, detail=_said("the connection was lost", error))

    def _open(self, day: date, key: str, token: str | None) -> requests.Response:
        request = request_for(self._service, day)
        payload = {"params": request.body} if request.method == "GET" else {"json": request.body}
        headers = {"Connection": "close", "Idempotency-Key": key}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self._session.request(
            request.method,
            request.url,
            headers=headers,
            timeout=(
                min(CONNECT_SECONDS, self._service.timeout_seconds),
                self._service.timeout_seconds,
            ),
            allow_redirects=False,
            stream=True,
            **payload,  # type: ignore[arg-type]
        )

    def _body(self, response: requests.Response, token: str | None) -> str:
        """At most 64 KB of the body, within the service's timeout however slowly it comes."""
        deadline = self._clock.monotonic() + self._service.timeout_seconds
        read = bytearray()
        while len(read) < MOST_BYTES and self._clock.monotonic() < deadline:
            chunk = response.raw.read1(CHUNK, decode_content=True)
            if not chunk:
                break
            read += chunk
        text = read.decode("utf-8", errors="replace")
        return text.replace(token, "[token]") if token else text

    def _no_answer(self) -> Answer:
        seconds = self._service.timeout_seconds
        return Answer(kind=Kind.UNKNOWN, detail=f"no answer within {seconds:g} s")


def _said(what: str, error: Exception) -> str:
    root = _root(error)
    return clean(f"{what}: {getattr(root, 'reason', None) or root}")


def _root(error: BaseException) -> BaseException:
    """The innermost reason that the HTTP libraries wrap."""
    for inner in (getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException):
            return _root(inner)
    return error
