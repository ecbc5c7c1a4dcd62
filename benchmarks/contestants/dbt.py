"""dbt with DuckDB: a test per rule, which must find no rows."""

import json
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner

path = Path(sys.argv[1])
given = json.loads(path.read_text())
output = {"type": "duckdb", "path": given["warehouse"], "threads": 2}
files = {
    "dbt_project.yml": {"name": "rules", "version": "1.0.0", "profile": "here"},
    "profiles.yml": {"here": {"target": "here", "outputs": {"here": output}}},
}
folder = path.parent
(folder / "tests").mkdir(exist_ok=True)
for name, content in files.items():
    (folder / name).write_text(json.dumps(content))  # JSON is YAML
for name, sql in given["rules"].items():
    (folder / "tests" / f"{name}.sql").write_text(sql + "\n")
places = ["--project-dir", str(folder), "--profiles-dir", str(folder)]
done = dbtRunner().invoke(["test", *places])
if done.exception:
    raise SystemExit(f"dbt test raised: {done.exception}")
raised = [r.message for r in done.result if r.status not in ("pass", "fail")]
if raised:
    raise SystemExit("\n".join(map(str, raised)))
found = {r.node.name: r.status == "pass" for r in done.result}
sys.stdout.write("\n" + json.dumps(found) + "\n")
