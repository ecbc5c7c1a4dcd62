"""The calls of a plan as CSV: ``plan --format csv``, for those who make them elsewhere."""

from __future__ import annotations

import csv
import io

from checkpoints.contract.model import Contract
from remediation.plan.groups import all_groups
from remediation.plan.model import Plan

COLUMNS = ("service", "kind", "dates", "datasets")


def csv_of(plan: Plan, contract: Contract) -> str:
    """A line for every request, in the order in which they are made, below a heading.

    Dates and datasets are separated by spaces.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for group in all_groups(plan, contract):
        datasets = dict.fromkeys(name for call in group.calls for name in call.datasets)
        kind = contract.services[group.service].kind
        writer.writerow((group.service, kind, " ".join(map(str, group.dates)), " ".join(datasets)))
    return out.getvalue()
