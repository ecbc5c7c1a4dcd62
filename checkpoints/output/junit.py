"""Findings as JUnit XML, which every CI server reads.

A warning that does not gate is a passed case whose ``system-out`` says what was found, so that CI
never fails for it; an errored check is an ``error``, one that had nothing to judge is ``skipped``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from checkpoints.output.findings import Finding, Findings, Section
from checkpoints.output.publisher import Given, Option, Publisher
from checkpoints.rules.rule import Outcome
from checkpoints.text import one_line, printable

if TYPE_CHECKING:
    from junitparser import TestCase, TestSuite

FLAG = "--junit"


def _write(found: Findings, _: Sequence[Section], given: Given) -> None:
    if FLAG in given.options:
        given.write(given.options[FLAG], junit_xml(found))


PUBLISHER = Publisher(
    publish=_write,
    options=(
        Option(
            flag=FLAG,
            metavar="PATH",
            help="Write the checks as JUnit XML; - is stdout.",
            is_file=True,
        ),
    ),
)

# junitparser is imported where XML is written: every other command starts without it.


def junit_xml(found: Findings) -> str:
    """One suite per suite of the contract, one case per check.

    All checks are answered by the same query, so only the root has a time.
    """
    from junitparser import JUnitXml

    root = JUnitXml(one_line(found.name))
    for name in dict.fromkeys(f.suite for f in found.findings):
        root.add_testsuite(_suite(name, found))
    root.update_statistics()  # type: ignore[no-untyped-call]
    root.time = round(found.seconds, 3)
    # Jenkins' schema has no such attribute here; the suites have it.
    del root._elem.attrib["skipped"]
    text: bytes = root.tostring()  # type: ignore[no-untyped-call]
    return text.decode() + "\n"


def _suite(name: str, found: Findings) -> TestSuite:
    from junitparser import TestSuite

    suite = TestSuite(one_line(name))
    suite.timestamp = found.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for key, value in {"verdict": found.verdict, **found.properties}.items():
        suite.add_property(key, one_line(value))
    for finding in found.findings:
        if finding.suite == name:
            suite.add_testcase(_case(finding, f"{found.name}.{name}"))
    return suite


def _case(finding: Finding, classname: str) -> TestCase:
    from junitparser import Error, Failure, Skipped, TestCase

    case = TestCase(one_line(finding.name), one_line(classname), 0)
    message, kind = one_line(finding.message), one_line(finding.kind)
    if finding.outcome is Outcome.NOT_EVALUATED:
        case.result = [Skipped(message)]
    elif finding.is_error:
        kind_of_result = Error if finding.outcome is Outcome.ERRORED else Failure
        result = kind_of_result(message, kind)
        result.text = printable(finding.details)
        case.result = [result]
    elif finding.is_warning:
        case.system_out = printable(f"warning: {finding.message}\n{finding.details}")
    return case
