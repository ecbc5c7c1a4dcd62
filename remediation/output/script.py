"""The calls of a plan as one bash script: ``plan --format sh``.

It runs where this package does not, so it cannot look at the tables: it stops at the first answer
that the contract does not accept, waits for a layer to settle before the next one is called, and
ends by saying how to prove what landed. It works in bash 3.2, and needs curl.
"""

from __future__ import annotations

import shlex

from checkpoints.contract.model import Contract
from checkpoints.text import counted, one_line
from remediation.plan.groups import groups_of
from remediation.plan.model import Plan, idempotency_key
from remediation.service.kind import check_callable, service_of

TITLE_LENGTH = 300
LOOK = "python -m checkpoints check"


def shell_script(plan: Plan, contract: Contract, look: str = LOOK) -> str:
    """A complete script that makes the calls of a plan in order.

    ``look`` is the command that looks at the tables, without its window.

    Raises:
        ServiceNotCallable: with every service that has no usable address.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    check_callable(contract, plan.services())
    blocks = _blocks(plan, contract)
    environment = Environment(
        loader=PackageLoader("remediation.output"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"quote": shlex.quote, "line": shlex.join}
    called = [service_of(contract, name) for name in plan.services()]
    secrets = {name for service in called for name in service.secret_names()}
    required = {name for service in called for name in service.required_secrets()}
    number = len(plan.calls)
    title = f"Plan {plan.short_id} of run {plan.run_id}: {counted(number, 'call')}."
    window = f"--from {plan.window.first} --to {plan.window.last}"
    return environment.get_template("plan.sh.j2").render(
        title=one_line(title, TITLE_LENGTH),
        afterwards=f"{look} {window}",
        functions={words[0] for block in blocks for words in block},
        settles=any(call.depends_on for call in plan.calls),
        secrets=sorted(secrets),
        required=sorted(required),
        blocks=blocks,
        done=("The call was" if number == 1 else f"All {number} calls were")
        + " accepted. That proves nothing: look at the tables with",
    )


def _blocks(plan: Plan, contract: Contract) -> list[list[list[str]]]:
    """The lines of each service as words; first, if need be, wait until the one before settled."""
    dependent = {call.service for call in plan.calls if call.depends_on}
    blocks: list[list[list[str]]] = []
    before = ""
    for name in plan.services():
        service, groups = service_of(contract, name), groups_of(plan, contract, name)
        lines = [service.script_line(g, idempotency_key(plan.id, g.id)) for g in groups]
        if before and name in dependent:
            lines.insert(0, ["settle", f"{contract.services[before].settle_seconds:g}", before])
        blocks.append(lines)
        before = name
    return blocks
