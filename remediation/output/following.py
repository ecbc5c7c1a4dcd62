"""What a run leaves behind, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from checkpoints.archive.remediation import (
    AS_ITS_UPSTREAM,
    DOUBTFUL,
    CallStatus,
    RemediationRecord,
    Why,
)
from checkpoints.contract.model import Contract
from checkpoints.coverage.results import CheckRecord, gates
from checkpoints.errors import ExitCode
from checkpoints.rules.rule import Outcome
from remediation.ledger.states import State
from remediation.plan.candidates import is_repairable

FINAL = frozenset(Why) - {Why.IN_FLIGHT, Why.PASSED, Why.ERRORED}
"""Why dates were left out that the next plan leaves out as well."""

LACKS_AS_WELL = "it has all that its upstream has, which lacks keys itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What may be typed after a run, each with the options that it needs again."""

    resume: str
    check: str
    plan: str
    sign: str


def still_failing(record: RemediationRecord) -> list[CheckRecord]:
    """The checks that fail the window that was read again."""
    return [c for c in record.checks_after if gates(c, record.verdict_before.fail_on)]


def warnings_of(record: RemediationRecord) -> list[CheckRecord]:
    """The checks that fail and weigh too little to fail the window; without those about orphans,
    which are told as such."""
    told = {found.dataset for found in record.orphans}
    return [
        check
        for check in record.checks_after
        if check.outcome is Outcome.FAILED and not gates(check, record.verdict_before.fail_on)
        if not (check.rule.goes_with_upstream and check.dataset in told)
    ]


def next_steps(
    record: RemediationRecord, contract: Contract, commands: Commands
) -> tuple[str, ...]:
    """What to do after a run, in order: dates to send, who is to be told of those that landed, then
    rules to repair, then the sign-off."""
    steps = _steps(record, contract, commands)
    if not record.undelivered or any(commands.resume in step for step in steps):
        return steps
    services = {found.service for found in record.undelivered if found.state in DOUBTFUL}
    doubt = any(not contract.services[name].idempotent for name in services)
    return commands.resume + (" --resend-unknown" if doubt else ""), *steps


def _steps(record: RemediationRecord, contract: Contract, commands: Commands) -> tuple[str, ...]:
    open_calls = [call for call in record.remaining if not _lacks_with_its_upstream(call)]
    after = record.verdict_after
    if record.problem or after is None or after.exit_code is ExitCode.COULD_NOT_TELL:
        again = commands.resume if open_calls else commands.check
        return (f"resolve the error, then {again}",)
    if open_calls:
        return (_resume(open_calls, contract, commands.resume),)
    failing = still_failing(record)
    final = _left_for_good(record)
    repairable = any(
        is_repairable(contract, check) and any((check.dataset, day) not in final for day in days)
        for check in failing
        for days in [check.unexpected_dates]
    )
    if repairable or any(change.regressions for change in record.changes):
        return commands.check, commands.plan
    if failing:
        looks = dict.fromkeys(line for check in failing for line in _looks(check, final))
        return *looks, commands.check
    if record.exit_code is ExitCode.COMPLETE:
        return commands.check, commands.sign
    return (commands.check,)


def _resume(calls: list[CallStatus], contract: Contract, resume: str) -> str:
    if any(call.state is State.MULTIPLIED for call in calls):
        return f"remove the duplicates, then {resume}"
    unknown = {call.service for call in calls if call.state is State.UNKNOWN}
    if doubtful := [name for name in unknown if not contract.services[name].idempotent]:
        names = " and ".join(sorted(doubtful))
        return f"see that {names} is not still at work, then {resume} --resend-unknown"
    return resume


def _lacks_with_its_upstream(call: CallStatus) -> bool:
    return call.state is State.PARTIAL and call.detail.startswith(AS_ITS_UPSTREAM)


def _left_for_good(record: RemediationRecord) -> dict[tuple[str, date], str]:
    """The dates of datasets for which the next plan has no call either, and why."""
    left = {
        (entry.dataset, day): entry.reason
        for entry in record.unplanned
        if entry.why in FINAL
        for day in entry.dates
    }
    for call in filter(_lacks_with_its_upstream, record.remaining):
        left |= dict.fromkeys(((name, call.date) for name in call.datasets), LACKS_AS_WELL)
    return left


def _looks(check: CheckRecord, final: dict[tuple[str, date], str]) -> Iterator[str]:
    """What to look at, for a check that no call repairs."""
    places = ((check.dataset, day) for day in check.unexpected_dates)
    reasons = [final[place] for place in places if place in final]
    for reason in dict.fromkeys(reasons) or [check.rule.fix]:
        yield f"look at {check.dataset}, {check.name}: {reason}"
