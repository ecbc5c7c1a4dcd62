"""Pub/Sub: messages are published to a topic, and a subscriber works on them later."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from tests.support.apis.google import GoogleApi, GoogleTokens, refusal
from tests.support.apis.server import Pipeline, Reply, Request
from tests.support.warehouses import D

TOPIC = "projects/pipeline/topics/backfill-requests"


class PubSub(GoogleApi):
    """One topic; its subscriber builds the ``game_date`` of a message's data."""

    def __init__(self, tokens: GoogleTokens, pipeline: Pipeline) -> None:
        super().__init__(tokens)
        self._pipeline = pipeline
        self.messages: list[tuple[Any, dict[str, str]]] = []

    def answer_known(self, request: Request) -> Reply:
        topic = request.path.removeprefix("/v1/").removesuffix(":publish")
        if topic != TOPIC:
            return refusal(404, f"Resource not found (resource={topic.rpartition('/')[2]}).")
        ids = []
        for message in request.body["messages"]:
            if not message.get("data") and not message.get("attributes"):
                return refusal(400, "One or more messages in the publish request is empty.")
            try:
                data = json.loads(base64.b64decode(message["data"], validate=True))
            except binascii.Error:
                return refusal(400, "Invalid value at 'messages[0].data' (TYPE_BYTES)")
            self.messages.append((data, message.get("attributes", {})))
            ids.append(str(8_000_000 + len(self.messages)))
            self._pipeline.start([D(data["game_date"])], lambda _: None)
        return Reply(body={"messageIds": ids})
