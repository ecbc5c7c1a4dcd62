"""Google's token endpoint for service accounts, and how its APIs answer what they refuse."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, jwt

from tests.support.apis.server import Api, Reply, Request, bearer

EMAIL = "repair@pipeline.iam.gserviceaccount.com"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HOUR = 3599


class GoogleTokens(Api):
    """Gives identity and access tokens to one service account, for its signed assertion.

    ``issued`` are all of them, in their order; those from before ``revoke`` are no longer valid.
    """

    def __init__(self) -> None:
        super().__init__()
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        self._public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._signer = crypt.RSASigner.from_string(self.pem, "1")
        self.issued: list[str] = []
        self._valid_from = 0

    def answer(self, request: Request) -> Reply:
        given = request.form
        assertion = given.get("assertion", "")
        if given.get("grant_type") != GRANT or not crypt.verify_signature(
            *_signed(assertion), self._public
        ):
            return Reply(status=400, body={"error": "invalid_grant"})
        claims = jwt.decode(assertion, verify=False)
        assert claims["aud"] == "https://oauth2.googleapis.com/token"
        assert claims["iss"] == EMAIL
        if audience := claims.get("target_audience"):
            return Reply(body={"id_token": self._identity(audience)})
        if "https://www.googleapis.com/auth/cloud-platform" not in claims["scope"].split():
            return Reply(status=400, body={"error": "invalid_scope"})
        self.issued.append(f"ya29.access-{len(self.issued)}-{time.monotonic_ns()}")
        token = {"access_token": self.issued[-1], "token_type": "Bearer", "expires_in": HOUR}
        return Reply(body=token)

    def _identity(self, audience: str) -> str:
        now = int(time.time())
        claims = {
            "iss": "https://accounts.google.com", "aud": audience, "email": EMAIL, "sub": "1",
            "iat": now, "exp": now + HOUR + 1, "jti": len(self.issued),
        }  # fmt: skip
        self.issued.append(jwt.encode(self._signer, claims).decode())
        return self.issued[-1]

    def revoke(self) -> None:
        """Let none of the tokens be valid that were given until now."""
        self._valid_from = len(self.issued)

    def is_valid(self, token: str) -> bool:
        return token in self.issued[self._valid_from :]

    def key_file(self, folder: Path) -> Path:
        """What ``GOOGLE_APPLICATION_CREDENTIALS`` names."""
        path = folder / "service-account.json"
        account = {
            "type": "service_account", "project_id": "pipeline", "private_key_id": "1",
            "private_key": self.pem, "client_email": EMAIL, "client_id": "1",
            "token_uri": f"{self.url}/token",
        }  # fmt: skip
        path.write_text(json.dumps(account))
        return path


def _signed(assertion: str) -> tuple[bytes, bytes]:
    message, _, signature = assertion.rpartition(".")
    return message.encode(), base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))


STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE",
}  # fmt: skip


def refusal(status: int, message: str) -> Reply:
    """An error of a Google API."""
    error = {"code": status, "message": message, "status": STATUSES[status]}
    return Reply(status=status, body={"error": error})


class GoogleApi(Api):
    """An API that wants an access token."""

    def __init__(self, tokens: GoogleTokens) -> None:
        super().__init__()
        self._tokens = tokens

    def answer(self, request: Request) -> Reply:
        if not self._tokens.is_valid(bearer(request)):
            told = (
                "Request had invalid authentication credentials. Expected OAuth 2 access token, "
                "login cookie or other valid authentication credential."
            )
            return refusal(401, told)
        return self.answer_known(request)

    def answer_known(self, request: Request) -> Reply:
        raise NotImplementedError
