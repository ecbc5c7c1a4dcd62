"""Webhook: the notification as JSON, posted to an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from checkpoints.contract.needs import Host, Needs
from checkpoints.contract.secrets import filled, variables_in
from checkpoints.output.notify.kind import NotifierKind, NotSent, Send
from checkpoints.output.notify.notification import Notification
from checkpoints.records import Record

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def _is_an_address(value: str) -> str:
    if not re.match(r"https?://[^/\s]|\$\{", value):
        raise ValueError("is no address such as https://example.com/alerts")
    return value


class Address(Record):
    """Where to post, and the headers that are sent as well."""

    url: Annotated[str, AfterValidator(_is_an_address)]
    headers: dict[str, str] = Field(default_factory=dict)


class Webhook(NotifierKind):
    """A web service that is told."""

    kind: ClassVar[str] = "webhook"

    webhook: Address

    def needs(self, environment: Mapping[str, str]) -> Needs:
        """A host that can be connected with, named only where no variable is in the address."""
        needs = super().needs(environment)
        try:
            url = urlsplit(filled(self.webhook.url, environment))
            port = url.port or (443 if url.scheme == "https" else 80)
        except ValueError:
            return needs
        if not url.hostname:
            return needs
        shown = "its address" if variables_in(self.webhook.url) else f"{url.hostname}:{port}"
        tls = url.scheme == "https"
        return replace(needs, host=Host(name=url.hostname, port=port, tls=tls, shown=shown))

    def ways(self, environment: Mapping[str, str]) -> Mapping[str, Send]:
        """One: the address."""
        url = filled(self.webhook.url, environment)
        headers = filled(self.webhook.headers, environment)
        return {self.label: partial(self._post, url, headers)}

    def _post(self, url: str, headers: Mapping[str, str], notification: Notification) -> None:
        """No redirect is followed, as it would take the headers elsewhere; no answer is read."""
        import requests  # spared where nothing is sent

        where = urlsplit(url)
        is_private = where.scheme == "https" or where.hostname in THIS_MACHINE
        if variables_in(self.webhook.headers) and not is_private:
            raise NotSent("headers from the environment are only sent over https: correct the url")
        try:
            with requests.post(
                url,
                data=notification.model_dump_json().encode(),
                headers={"Content-Type": "application/json", **headers},
                timeout=self.timeout_seconds,
                auth=lambda request: request,  # no password from a .netrc
                allow_redirects=False,
                stream=True,
            ) as answer:
                code = answer.status_code
        except requests.RequestException as error:
            raise NotSent(f"{type(error).__name__} while posting to it") from error
        if not 200 <= code < 300:
            raise NotSent(f"it answered {code}")


KIND = Webhook
