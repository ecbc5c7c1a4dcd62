"""Rewrite what is generated: ``python -m tests.rewrite_golden``, then read the difference.

Golden SQL, the JSON schema of the run report, and the help texts in the README.
"""

import json
import re

from checkpoints.report import Report
from tests.commands import ROOT
from tests.test_presence import GOLDEN, compiled, shipped_statement
from tests.test_readme import COMMANDS, README, help_of

for date_type in ("date", "timestamp", "datetime", "text"):
    for dialect in ("bigquery", "duckdb"):
        _, _, statement = shipped_statement(date_type)
        (GOLDEN / f"presence_{date_type}.{dialect}.sql").write_text(compiled(statement, dialect))

schema = json.dumps(Report.model_json_schema(), indent=1, ensure_ascii=False) + "\n"
(ROOT / "checkpoints" / "report.schema.json").write_text(schema)

text = README
for module in COMMANDS:
    shown = f"<!-- help: {module} -->\n```\n{help_of(module)}\n```"
    pattern = rf"<!-- help: {module} -->\n```\n.*?```"
    text = re.sub(pattern, lambda _, shown=shown: shown, text, flags=re.DOTALL)
(ROOT / "README.md").write_text(text)
