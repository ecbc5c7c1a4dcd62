"""Identity and access tokens: fetched late, kept in memory, renewed in time; never written."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC
from threading import Lock

from remediation.errors import CredentialsError

RENEW_SECONDS_BEFORE = 300.0
LIFE_SECONDS = 3000.0
ACCESS_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
HOW = (
    "set GOOGLE_APPLICATION_CREDENTIALS, run on a machine with a service account, "
    "or log in with: gcloud auth login"
)


def expiry_of(token: str) -> float | None:
    """When a JSON web token expires, in seconds since 1970; None when it does not say."""
    from google.auth import jwt

    try:
        return float(jwt.decode(token, verify=False)["exp"])  # type: ignore[no-untyped-call]
    except (ValueError, KeyError, TypeError):
        return None


Fetched = tuple[str, float | None]
"""A token, and when it expires in seconds since 1970, where that is known."""


def fetch_identity_token(audience: str) -> str:
    """Fetch an identity token for an audience by the first way that works.

    In this order: a service account or impersonation named by
    ``GOOGLE_APPLICATION_CREDENTIALS``, the metadata server, impersonation in the application
    default credentials, and the person logged in to ``gcloud``.

    Raises:
        CredentialsError: none of them works.
    """
    token = _from_library(audience) or _from_gcloud("print-identity-token")
    if not token:
        raise CredentialsError(f"no identity token for {audience!r}: {HOW}")
    return token


def _from_library(audience: str) -> str | None:
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.impersonated_credentials import Credentials, IDTokenCredentials
    from google.auth.transport.requests import Request
    from google.oauth2.id_token import fetch_id_token_credentials

    request = Request()
    try:
        try:
            credentials = fetch_id_token_credentials(audience, request)  # type: ignore[no-untyped-call]
        except GoogleAuthError:
            source, _ = google.auth.default()
            if not isinstance(source, Credentials):
                return None
            credentials = IDTokenCredentials(source, audience, include_email=True)  # type: ignore[no-untyped-call]
        credentials.refresh(request)
    except (GoogleAuthError, ValueError):
        return None
    return str(credentials.token) if credentials.token else None


def fetch_access_token() -> Fetched:
    """Fetch an OAuth 2 access token: of the default credentials, or else of ``gcloud``.

    Raises:
        CredentialsError: neither has one.
    """
    fetched = _access_from_library()
    token = fetched[0] or _from_gcloud("print-access-token")
    if not token:
        raise CredentialsError(f"no access token: {HOW}")
    return token, fetched[1]


def _access_from_library() -> Fetched:
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    try:
        credentials, _ = google.auth.default(scopes=[ACCESS_SCOPE])
        credentials.refresh(Request())  # type: ignore[no-untyped-call]
    except (GoogleAuthError, ValueError):
        return "", None
    expires = credentials.expiry.replace(tzinfo=UTC).timestamp() if credentials.expiry else None
    return credentials.token or "", expires


def _from_gcloud(command_name: str) -> str | None:
    command = ["gcloud", "auth", command_name, "--quiet"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


class Tokens:
    """Tokens kept by whom they are for, and renewed five minutes before they expire.

    ``fetch`` gets an identity token for an audience, ``fetch_access`` an access token; ``now``
    tells the seconds since 1970. A token that does not say when it expires is taken to live 50
    minutes.
    """

    def __init__(
        self,
        fetch: Callable[[str], str],
        now: Callable[[], float],
        fetch_access: Callable[[], Fetched] = fetch_access_token,
    ) -> None:
        self._fetch = fetch
        self._fetch_access = fetch_access
        self._now = now
        self._held: dict[str, tuple[str, float]] = {}
        self._one_at_a_time = Lock()

    def __repr__(self) -> str:
        return f"Tokens({list(self._held)})"

    def token(self, audience: str, *, renew: bool = False) -> str:
        """An identity token for the audience; with ``renew`` a new one.

        Raises:
            CredentialsError: none could be had.
        """

        def fetch() -> Fetched:
            token = self._fetch(audience)
            return token, expiry_of(token)

        return self._kept(audience, fetch, renew)

    def access_token(self, *, renew: bool = False) -> str:
        """An access token; with ``renew`` a new one.

        Raises:
            CredentialsError: none could be had.
        """
        return self._kept(ACCESS_SCOPE, self._fetch_access, renew)

    def _kept(self, whom: str, fetch: Callable[[], Fetched], renew: bool) -> str:
        with self._one_at_a_time:
            token, expires = self._held.get(whom, ("", 0.0))
            if renew or not token or self._now() > expires - RENEW_SECONDS_BEFORE:
                token, known = fetch()
                self._held[whom] = token, known or self._now() + LIFE_SECONDS
            return token
