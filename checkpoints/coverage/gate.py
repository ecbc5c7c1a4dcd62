"""From checks to a verdict and an exit code. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from checkpoints.coverage.results import CheckRecord, Verdict
from checkpoints.errors import ExitCode
from checkpoints.rules.rule import Outcome, Severity

WEIGHT: dict[Severity, int] = {"info": 0, "warning": 1, "critical": 2}
NEED_NO_DUE_DATE = {"no_orphan_keys", "no_null_keys"}


def decide(checks: Sequence[CheckRecord], declared: int, fail_on: Severity) -> Verdict:
    """Gate on the checks of a run.

    ``declared`` is how many checks the contract has for it: fewer results are never green.
    Failures lighter than ``fail_on`` are reported and do not gate.
    """
    counts = Counter(check.outcome for check in checks)
    code = _exit_code(checks, declared, fail_on)
    return Verdict(
        exit_code=code,
        passed=code is ExitCode.COMPLETE,
        summary=_summary(checks, counts, declared, fail_on, code),
        declared=declared,
        counts={outcome: counts[outcome] for outcome in Outcome},
        fail_on=fail_on,
    )


def gates(check: CheckRecord, fail_on: Severity) -> bool:
    """True for a failure that weighs enough to fail the run."""
    return check.outcome is Outcome.FAILED and WEIGHT[check.severity] >= WEIGHT[fail_on]


def _exit_code(checks: Sequence[CheckRecord], declared: int, fail_on: Severity) -> ExitCode:
    if len(checks) != declared or any(c.outcome is Outcome.ERRORED for c in checks):
        return ExitCode.COULD_NOT_TELL
    if any(gates(check, fail_on) for check in checks):
        return ExitCode.INCOMPLETE
    # A clean key column says nothing about coverage: it is not green alone.
    decisive = [c for c in checks if c.kind not in NEED_NO_DUE_DATE] or checks
    if all(c.outcome is Outcome.NOT_EVALUATED for c in decisive):
        return ExitCode.NOTHING_DUE
    return ExitCode.COMPLETE


def _summary(
    checks: Sequence[CheckRecord],
    counts: Counter[Outcome],
    declared: int,
    fail_on: Severity,
    code: ExitCode,
) -> str:
    match code:
        case ExitCode.COULD_NOT_TELL:
            lost = declared - len(checks)
            return f"{counts[Outcome.ERRORED] + lost} of {declared} checks could not be evaluated"
        case ExitCode.NOTHING_DUE:
            return "nothing was due in the window"
    failed, gating = counts[Outcome.FAILED], sum(gates(c, fail_on) for c in checks)
    evaluated = counts[Outcome.PASSED] + failed
    lighter = f" ({failed - gating} below {fail_on})" if failed > gating else ""
    if gating:
        return f"{failed} of {evaluated} evaluated checks failed{lighter}"
    failures = f", {failed} failed{lighter}" if failed else ""
    return f"{counts[Outcome.PASSED]} of {evaluated} evaluated checks passed{failures}"
