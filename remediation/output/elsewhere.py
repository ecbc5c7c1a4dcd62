"""The calls of a plan for people who must make them elsewhere: a script, curl lines, Airflow. Pure.

Whatever makes them, an answer proves nothing: ``afterwards`` is what shows whether they landed.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import date
from typing import Literal

from checkpoints.contract.model import Contract
from checkpoints.records import Record
from remediation.output.script import shell_script
from remediation.output.spelled import Spelled, afterwards, curl_options, spelled_calls
from remediation.plan.model import Plan

Format = Literal["sh", "curl", "airflow-json"]


def written_out(plan: Plan, contract: Contract, form: Format) -> str:
    """The calls of a plan as a whole text.

    Raises:
        ServiceNotCallable: with every service that has no usable address.
    """
    match form:
        case "sh":
            return shell_script(plan, contract)
        case "curl":
            return "".join(f"{line}\n" for line in curl_lines(plan, contract))
        case "airflow-json":
            return dag_run_conf(plan, contract).model_dump_json(indent=1) + "\n"


def curl_lines(plan: Plan, contract: Contract) -> Iterator[str]:
    """A line for each call, in order. One is made with ``curl``, which fails when refused.

    The token is written to curl's standard input: a command line is seen by everybody.

    Raises:
        ServiceNotCallable: with every service that has no usable address.
    """
    for spelled in spelled_calls(plan, contract):
        seconds = contract.services[spelled.call.service].timeout_seconds
        command = shlex.join(
            ["curl", "--disable", "--fail-with-body", *curl_options(spelled, seconds)]
        )
        yield command if spelled.audience is None else _with_token(command, spelled.audience)


def _with_token(command: str, audience: str) -> str:
    fetch = f"gcloud auth print-identity-token {shlex.quote(f'--audiences={audience}')}"
    header = f"""printf 'header = "Authorization: Bearer %s"\\n' "$({fetch})\""""
    return f"{header} | {command.replace('--disable', '--disable --config -', 1)}"


class MappedCall(Record):
    """One call in an Airflow conf; ``depends_on`` are ids that must have landed before."""

    id: str
    service: str
    date: date
    datasets: tuple[str, ...]
    depends_on: tuple[str, ...]
    method: str
    url: str
    data: str | None
    headers: dict[str, str]
    audience: str | None
    accepted: tuple[int, ...]
    timeout_seconds: float
    seconds_between_calls: float


class DagRunConf(Record):
    """The conf of one Airflow DAG run: ``airflow dags trigger --conf "$(…)" DAG``.

    A conf has to be a JSON object, and a run of a DAG has one: so the calls are a list in it, in
    order, to be expanded by the DAG (``expand_kwargs``) or made one by one. One conf holds the
    whole plan, so that ``depends_on`` names calls of the same document. It holds no token.
    """

    version: Literal[1] = 1
    plan_id: str
    run_id: str
    calls: tuple[MappedCall, ...]
    afterwards: str


def dag_run_conf(plan: Plan, contract: Contract) -> DagRunConf:
    """A plan as the conf of a DAG run.

    Raises:
        ServiceNotCallable: with every service that has no usable address.
    """
    return DagRunConf(
        plan_id=plan.id,
        run_id=plan.run_id,
        calls=tuple(_mapped(contract, spelled) for spelled in spelled_calls(plan, contract)),
        afterwards=afterwards(plan),
    )


def _mapped(contract: Contract, spelled: Spelled) -> MappedCall:
    call, service = spelled.call, contract.services[spelled.call.service]
    json_body = {} if spelled.data is None else {"Content-Type": "application/json"}
    return MappedCall(
        id=call.id,
        service=call.service,
        date=call.date,
        datasets=call.datasets,
        depends_on=call.depends_on,
        method=spelled.method,
        url=spelled.url,
        data=spelled.data,
        headers={**json_body, "Idempotency-Key": spelled.key},
        audience=spelled.audience,
        accepted=service.accepted,
        timeout_seconds=service.timeout_seconds,
        seconds_between_calls=service.seconds_between_calls,
    )
