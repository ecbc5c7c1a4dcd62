"""Each call of a plan spelled out, with nothing left for a program to fill in but a token. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from checkpoints.contract.model import Contract
from remediation.plan.model import Call, Plan, idempotency_key
from remediation.service.request import audience_of, check_callable, needs_token, request_for

CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelled:
    """One call spelled out: ``data`` is the JSON body, None for a GET, whose query is in ``url``.

    ``audience`` is whom the identity token is for; None where none is sent.
    """

    call: Call
    method: str
    url: str
    data: str | None
    key: str
    audience: str | None


def spelled_calls(plan: Plan, contract: Contract) -> list[Spelled]:
    """Every call of a plan, in order.

    Raises:
        ServiceNotCallable: with every service that has no usable address.
    """
    check_callable(contract, plan.services())
    return [_spelled(plan, contract, call) for call in plan.calls]


def _spelled(plan: Plan, contract: Contract, call: Call) -> Spelled:
    service = contract.services[call.service]
    request = request_for(service, call.date)
    url, data = request.url, None
    if request.method == "GET":
        given = {name: value for name, value in request.body.items() if value is not None}
        mark = "&" if "?" in url else "?"
        url += mark + urlencode(given, doseq=True) if given else ""
    else:
        data = json.dumps(request.body)
    return Spelled(
        call=call,
        method=request.method,
        url=url,
        data=data,
        key=idempotency_key(plan.id, call.id),
        audience=audience_of(service) if needs_token(service) else None,
    )


def curl_options(spelled: Spelled, seconds: float) -> list[str]:
    """The options of curl for a call that takes at most so long, without the token.

    No redirect is followed, and nothing in the URL is expanded. ``--disable``, which keeps
    ``.curlrc`` away, has to stand before all of them.
    """
    options = ["--silent", "--show-error", "--globoff"]
    options += ["--connect-timeout", str(CONNECT_SECONDS), "--max-time", f"{seconds:g}"]
    options += ["--request", spelled.method, "--header", f"Idempotency-Key: {spelled.key}"]
    if spelled.data is not None:
        options += ["--header", "Content-Type: application/json", "--data-raw", spelled.data]
    return [*options, spelled.url]


def afterwards(plan: Plan) -> str:
    """The command that shows from the tables whether the calls landed."""
    return f"python -m checkpoints check --from {plan.window.first} --to {plan.window.last}"
