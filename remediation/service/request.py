"""Where a service is called and with what, and whether that is safe. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from checkpoints.contract.loading import VARIABLE
from checkpoints.contract.model import Contract, Service
from remediation.errors import ServiceNotCallable


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One exact request; ``body`` is sent as JSON, or as the query of a GET."""

    method: str
    url: str
    body: dict[str, Any]


def request_for(service: Service, day: date) -> Request:
    """The request that asks a service for one date."""
    path = service.path.replace("{date}", day.isoformat())
    return Request(
        method=service.method,
        url=f"{service.url.rstrip('/')}/{path.lstrip('/')}",
        body=_filled(service.body, day.isoformat()),
    )


def _filled(value: Any, day: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(v, day) for key, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, day) for v in value]
    return value.replace("{date}", day) if isinstance(value, str) else value


def needs_token(service: Service) -> bool:
    """Whether a call carries an identity token.

    A service on this very machine is called without: there is no one to prove an identity to,
    and nothing that a token could leak to. Everywhere else the contract decides.
    """
    return service.auth == "identity_token" and not is_loopback(urlsplit(service.url).hostname)


def audience_of(service: Service) -> str:
    """Whom the identity token is for."""
    return service.audience or service.url.rstrip("/")


def check_callable(contract: Contract, services: tuple[str, ...]) -> None:
    """Check the addresses of all services before anything is sent.

    Raises:
        ServiceNotCallable: with every problem of every service.
    """
    found = [
        f"services.{name}: {problem}"
        for name in services
        for problem in _problems(contract.services[name])
    ]
    if found:
        raise ServiceNotCallable(*found)


def _problems(service: Service) -> list[str]:
    unset = sorted({v for text in _strings(service) for v in VARIABLE.findall(text)})
    if unset:
        return [f"environment variable {name} is not set: export {name}=…" for name, _ in unset]
    try:
        parts = urlsplit(service.url)
        _ = parts.port
    except ValueError as error:
        return [f"url {service.url!r} is not an address: {error}"]
    if not parts.hostname or re.search(r"[\s\x00-\x1f\\]", service.url):
        return [f"url {service.url!r} is not an address: write https://host"]
    if parts.username or parts.password:
        return ["url holds a user name or password: remove it"]
    if parts.query or parts.fragment:
        return [f"url {service.url!r} has a query or fragment: remove it"]
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return []
    return [f"url {service.url!r} must begin with https:// (http only on this machine)"]


def _strings(value: Any) -> list[str]:
    if isinstance(value, Service):
        return _strings([value.url, value.path, value.audience, value.body])
    if isinstance(value, dict):
        return [text for v in value.values() for text in _strings(v)]
    if isinstance(value, list):
        return [text for v in value for text in _strings(v)]
    return [value] if isinstance(value, str) else []


def is_loopback(host: str | None) -> bool:
    """True for this machine: ``localhost`` and loopback addresses."""
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
