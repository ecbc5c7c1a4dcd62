"""One attempt at a call over HTTP, and the requests that follow its job.

No redirect is followed, no proxy or ``.netrc`` of the environment is used, and every request has
a connection of its own: a reused one that the other side has just closed would leave it unclear
whether the request was taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checkpoints.contract.secrets import Mask
from checkpoints.text import one_line
from remediation.errors import CredentialsError
from remediation.service.answer import DETAIL_LENGTH, Answer, Kind
from remediation.service.http_answer import Reply, classify
from remediation.service.http_job import Following

if TYPE_CHECKING:
    import requests

    from remediation.plan.groups import CallGroup
    from remediation.service.http import HttpRequest, HttpService
    from remediation.service.kind import Access

CONNECT_SECONDS = 10.0
MAX_BODY_BYTES = 64 * 1024
CHUNK_BYTES = 8 * 1024

TRUSTED = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Variables that name a file of the certificate authorities that are trusted; the first counts."""


class HttpSender:
    """Calls one service, from any thread."""

    def __init__(self, service: HttpService, access: Access) -> None:
        from http.cookiejar import DefaultCookiePolicy

        import requests
        from requests.adapters import HTTPAdapter

        logging.getLogger("urllib3").setLevel(logging.INFO)  # below, it logs URLs with their query
        self._service = service
        self._access = access
        self._clock = access.clock
        self._closed = False
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = trusted_by(access.environment) or True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=1))

    def close(self) -> None:
        """Release the connection; jobs are no longer followed."""
        self._closed = True
        self._session.close()

    def authenticate(self, *, renew: bool = False) -> str | None:
        """The token that the next request carries, if it carries one.

        Raises:
            CredentialsError: none could be had.
        """
        if not self._service.needs_token:
            return None
        if self._service.auth == "access_token":
            return self._access.tokens.access_token(renew=renew)
        return self._access.tokens.token(self._service.token_audience, renew=renew)

    def stop(self) -> bool:
        """What was sent cannot be taken back."""
        return False

    def send(
        self,
        group: CallGroup,
        *,
        key: str,
        tell: Callable[[Answer], None],
        renew: bool = False,
    ) -> Answer:
        """Make one attempt; never raises for what the network or the service does.

        ``key`` is the same for every attempt at these calls; ``renew`` asks for a new token. An
        answer ``RUNNING`` goes to ``tell`` while its job is followed.
        """
        started = self._clock.monotonic()
        answer = self._attempt(self._service.describe(group), key, renew)
        if isinstance(answer, Reply):
            answer = self._judged(answer, group, tell)
        stops = answer.stops
        if answer.kind is Kind.UNAUTHORIZED and not self._service.needs_token:
            stops = True  # new credentials are not to be had
        return replace(answer, seconds=self._clock.monotonic() - started, stops=stops)

    def _attempt(self, request: HttpRequest, key: str, renew: bool) -> Reply | Answer:
        environment = self._access.environment
        headers = {**request.sent_headers(environment), "Idempotency-Key": key}
        url = request.sent_url(environment)
        return self._ask(request.method, url, headers, request.payload, renew=renew)

    def _judged(self, reply: Reply, group: CallGroup, tell: Callable[[Answer], None]) -> Answer:
        """What the answer says; where it began a job, what that came to."""
        answer = classify(self._service, reply, self._clock.now())
        job = self._service.job
        if job is None or answer.kind is not Kind.ACCEPTED:
            return answer
        request, environment = self._service.describe(group), self._access.environment
        headers = request.sent_headers(environment)

        def ask(url: str, payload: Any, renew: bool) -> Reply | Answer:
            whole = request.with_secrets(url, environment)
            return self._ask(job.method, whole, headers, payload, renew=renew)

        following = Following(self._service, job, group, ask, self._clock, lambda: self._closed)
        return following.result(reply, answer, tell)

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], payload: Any, *, renew: bool
    ) -> Reply | Answer:
        """One request: what came back, or an answer that says why nothing did."""
        from requests import RequestException
        from urllib3.exceptions import HTTPError

        try:
            token = self.authenticate(renew=renew)
        except CredentialsError as error:
            return Answer(kind=Kind.NOT_SENT, detail=str(error), stops=True)
        mask = self._mask(token)
        try:
            with self._open(method, url, headers, payload, token) as response:
                text = self._body(response)
                status, received = response.status_code, response.headers
                return Reply(status=status, headers=received, text=text, mask=mask)
        except (RequestException, HTTPError, OSError) as error:
            return _without_answer(error, self._service.timeout_seconds, mask)

    def _mask(self, token: str | None) -> Mask:
        secrets = self._service.secrets(self._access.environment)
        return Mask({**secrets, "token": token} if token else secrets)

    def _open(
        self, method: str, url: str, headers: Mapping[str, str], payload: Any, token: str | None
    ) -> requests.Response:
        credentials = {"Authorization": f"Bearer {token}"} if token is not None else {}
        timeout = self._service.timeout_seconds
        return self._session.request(
            method,
            url,
            headers={**headers, **credentials, "Connection": "close"},
            json=payload,
            timeout=(min(CONNECT_SECONDS, timeout), timeout),
            allow_redirects=False,
            stream=True,
        )

    def _body(self, response: requests.Response) -> str:
        """At most 64 KB of the body, within the service's timeout however slowly it comes."""
        deadline = self._clock.monotonic() + self._service.timeout_seconds
        read = bytearray()
        while len(read) < MAX_BODY_BYTES and self._clock.monotonic() < deadline:
            chunk = response.raw.read1(CHUNK_BYTES, decode_content=True)
            if not chunk:
                break
            read += chunk
        return read.decode("utf-8", errors="replace")


def trusted_by(environment: Mapping[str, str]) -> str:
    """The file of certificate authorities that an environment names; empty: those of requests."""
    return next(filter(None, map(environment.get, TRUSTED)), "")


def _without_answer(error: Exception, timeout_seconds: float, mask: Mask) -> Answer:
    """Whether the service may have been reached, from how the attempt failed."""
    from requests.exceptions import ConnectTimeout, InvalidURL, ReadTimeout, SSLError
    from urllib3.exceptions import NewConnectionError

    root = _root_of(error)
    reason = getattr(root, "reason", None) or root

    def said(what: str) -> str:
        return one_line(mask(f"{what}: {reason}"), DETAIL_LENGTH)

    if isinstance(error, SSLError):
        detail = said("TLS failed")
        if "VERIFY_FAILED" in detail:
            detail += f": to trust an authority of your own, export {TRUSTED[0]}=FILE"
        return Answer(kind=Kind.NOT_SENT, detail=detail, stops=True)
    if isinstance(error, ReadTimeout):
        return Answer(kind=Kind.UNKNOWN, detail=f"no answer within {timeout_seconds:g} s")
    if isinstance(error, ConnectTimeout | InvalidURL) or isinstance(root, NewConnectionError):
        return Answer(kind=Kind.NOT_SENT, detail=said("cannot connect"))
    return Answer(kind=Kind.UNKNOWN, detail=said("the connection was lost"))


def _root_of(error: BaseException) -> BaseException:
    """The innermost reason that the HTTP libraries wrap."""
    for inner in (getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException):
            return _root_of(inner)
    return error
