"""Findings as JUnit XML, which every CI server reads. Pure.

A warning that does not gate is a passed case whose ``system-out`` says what was found, so that CI
never fails for it; an errored check is an ``error``, one that had nothing to judge is ``skipped``.
"""

from __future__ import annotations

from datetime import UTC

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from checkpoints.output.findings import Finding, Findings
from checkpoints.rules.rule import Outcome
from checkpoints.text import one_line, printable


def junit_xml(found: Findings) -> str:
    """One suite per suite of the contract, one case per check.

    All checks are answered by the same query, so only the root has a time.
    """
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
    suite = TestSuite(one_line(name))
    suite.timestamp = found.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for key, value in found.properties.items():
        suite.add_property(key, one_line(value))
    for finding in found.findings:
        if finding.suite == name:
            suite.add_testcase(_case(finding, f"{found.name}.{name}"))
    return suite


def _case(finding: Finding, classname: str) -> TestCase:
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
