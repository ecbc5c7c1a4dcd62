"""Identity tokens: fetched for one audience, kept in memory, renewed in time; never written."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from threading import Lock

from remediation.errors import CredentialsError

RENEW_SECONDS_BEFORE = 300.0
LIFE_SECONDS = 3000.0
HOW = (
    "set GOOGLE_APPLICATION_CREDENTIALS, run on a machine with a service account, "
    "or log in with: gcloud auth login"
)


class Tokens:
    """Tokens cached per audience, and renewed five minutes before they expire.

    ``fetch`` gets one for an audience; ``now`` tells the seconds since 1970. A token that does not
    say when it expires is taken to live 50 minutes.
    """

    def __init__(self, fetch: Callable[[str], str], now: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = now
        self._held: dict[str, tuple[str, float]] = {}
        self._one_at_a_time = Lock()

    def __repr__(self) -> str:
        return f"Tokens({list(self._held)})"

    def token(self, audience: str, *, renew: bool = False) -> str:
        """A token for the audience; with ``renew`` a new one.

        Raises:
            CredentialsError: none could be had.
        """
        with self._one_at_a_time:
            token, expires = self._held.get(audience, ("", 0.0))
            if renew or not token or self._now() > expires - RENEW_SECONDS_BEFORE:
                token = self._fetch(audience)
                self._held[audience] = token, expiry_of(token) or self._now() + LIFE_SECONDS
            return token


def expiry_of(token: str) -> float | None:
    """When a JSON web token expires, in seconds since 1970; None when it does not say."""
    from google.auth import jwt

    try:
        return float(jwt.decode(token, verify=False)["exp"])  # type: ignore[no-untyped-call]
    except (ValueError, KeyError, TypeError):
        return None


def fetch_identity_token(audience: str) -> str:
    """Fetch an identity token for an audience by the first way that works.

    In this order: a service account or impersonation named by
    ``GOOGLE_APPLICATION_CREDENTIALS``, the metadata server, impersonation in the application
    default credentials, and the person logged in to ``gcloud``.

    Raises:
        CredentialsError: none of them works.
    """
    token = _from_library(audience) or _from_gcloud()
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


def _from_gcloud() -> str | None:
    command = ["gcloud", "auth", "print-identity-token", "--quiet"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
