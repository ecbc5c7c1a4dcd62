"""A Cloud Run service behind IAM: its front end wants an identity token for its own address."""

from __future__ import annotations

from google.auth import jwt

from tests.support.apis.google import GoogleTokens
from tests.support.apis.server import Api, Pipeline, Reply, Request, bearer
from tests.support.warehouses import D

FORBIDDEN = "<html><title>403 Forbidden</title>Your client does not have permission to get URL {}"
UNAUTHORIZED = "<html><title>401 Unauthorized</title>Your client does not have permission to the {}"
HTML = {"Content-Type": "text/html; charset=UTF-8"}


class CloudRunService(Api):
    """Takes a ``game_date`` at ``/process`` and answers when it is built.

    Without a token it answers 403, and 401 to one that is not valid or is for another audience.
    """

    def __init__(self, tokens: GoogleTokens, pipeline: Pipeline) -> None:
        super().__init__()
        self._tokens = tokens
        self._pipeline = pipeline

    def answer(self, request: Request) -> Reply:
        token = bearer(request)
        if not token:
            return Reply(status=403, body=FORBIDDEN.format(request.path), headers=HTML)
        known = self._tokens.is_valid(token)
        if not known or jwt.decode(token, verify=False)["aud"] != self.url:
            headers = {**HTML, "WWW-Authenticate": 'Bearer error="invalid_token"'}
            return Reply(status=401, body=UNAUTHORIZED.format("requested URL"), headers=headers)
        if request.path != "/process":
            return Reply(status=404, body={"error": "not found"})
        why = self._pipeline.build([D(request.body["game_date"])])
        return Reply(status=500, body={"error": why}) if why else Reply(body={"status": "success"})
