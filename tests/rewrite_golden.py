"""Rewrite what is generated: ``python -m tests.rewrite_golden``, then read the difference.

Golden SQL, the JSON schemas of the records that others read and of the contract, the page about it,
what the terminal shows, and the help texts in the docs.
"""

import re
import tempfile

from checkpoints.output.manual.page import contract_page
from checkpoints.output.manual.schema import schema_text
from checkpoints.records import schema_of
from tests.output.test_terminal import SHOWN, golden_of, shown
from tests.project.test_readme import COMMANDS, HELP, PAGES, SCHEMAS, help_of
from tests.support.commands import ROOT, command
from tests.warehouse.test_presence import GOLDEN, compiled, shipped_statement

for date_type in ("date", "timestamp", "datetime", "text"):
    for dialect in ("bigquery", "duckdb"):
        statement = shipped_statement(date_type)
        (GOLDEN / f"presence_{date_type}.{dialect}.sql").write_text(compiled(statement, dialect))

for name, model in SCHEMAS.items():
    (ROOT / "checkpoints" / f"{name}.schema.json").write_text(schema_of(model))

(ROOT / "checkpoints" / "contract.schema.json").write_text(schema_text())
(ROOT / "docs" / "contract.md").write_text(contract_page())

with tempfile.TemporaryDirectory() as folder:
    url = f"duckdb:///{folder}/w.duckdb"
    command("demo", "build", "--warehouse", url)
    for name, columns, option in SHOWN:
        golden_of(name, columns, option).write_text(shown(name, columns, option, url))

text = PAGES[HELP]
for module in COMMANDS:
    helped = f"<!-- help: {module} -->\n```\n{help_of(module)}\n```"
    pattern = rf"<!-- help: {module} -->\n```\n.*?```"
    text = re.sub(pattern, lambda _, helped=helped: helped, text, flags=re.DOTALL)
(ROOT / HELP).write_text(text)
