"""Soda Core: one contract whose checks are SQL that must find no rows."""

import json
import sys
from pathlib import Path

from soda_core.contracts import verify_contract_locally

path = Path(sys.argv[1])
given = json.loads(path.read_text())
source = {
    "type": "duckdb",
    "name": "warehouse",
    "connection": {"database": given["warehouse"], "read_only": True},
}
contract = {
    "dataset": "warehouse/" + given["table"].replace(".", "/"),
    "columns": [],
    "checks": [
        {
            "failed_rows": {
                "name": name,
                "qualifier": name,
                "query": sql,
                "threshold": {"must_be": 0},
            }
        }
        for name, sql in given["rules"].items()
    ],
}
paths = path.with_name("source.yml"), path.with_name("contract.yml")
for file, content in zip(paths, (source, contract), strict=True):
    file.write_text(json.dumps(content))  # JSON is YAML
done = verify_contract_locally(
    data_source_file_path=str(paths[0]), contract_file_path=str(paths[1])
)
if done.has_errors:
    raise SystemExit(done.get_errors_str())
results = [r for verified in done.contract_verification_results for r in verified.check_results]
found = {r.check.name: r.is_passed for r in results}
sys.stdout.write("\n" + json.dumps(found) + "\n")
