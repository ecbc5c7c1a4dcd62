"""Great Expectations as it comes, on DuckDB: an ``UnexpectedRowsExpectation`` per rule."""

import json
import sys
from collections import deque
from pathlib import Path

import great_expectations as gx
import great_expectations.expectations as gxe
import sqlalchemy as sa
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

rules = json.loads(Path(sys.argv[1]).read_text())
if rules["docs"]:
    context = gx.get_context(mode="file", project_root_dir=rules["docs"])
else:
    context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
source = context.data_sources.add_or_update_sql(
    "warehouse", connection_string=f"duckdb:///{rules['warehouse']}"
)


@sa.event.listens_for(sa.engine.Engine, "after_cursor_execute")
def buffer(_connection, cursor, _statement, _parameters, execution, _many):  # type: ignore[no-untyped-def]
    """The library fetches after it closed the connection; DuckDB's cursor is empty by then."""
    if cursor.description:
        execution.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
            cursor, initial_buffer=deque(cursor.fetchall())
        )


schema, table = rules["table"].split(".")
asset = source.add_table_asset("table", table_name=table, schema_name=schema)
batch = asset.add_batch_definition_whole_table("all")
suite = context.suites.add_or_update(
    gx.ExpectationSuite(
        name="rules",
        expectations=[
            gxe.UnexpectedRowsExpectation(unexpected_rows_query=sql, meta={"rule": name})
            for name, sql in rules["rules"].items()
        ],
    )
)
definition = context.validation_definitions.add_or_update(
    gx.ValidationDefinition(name="rules", data=batch, suite=suite)
)
actions = [gx.checkpoint.UpdateDataDocsAction(name="docs")] if rules["docs"] else []
checkpoint = gx.Checkpoint(
    name="rules", validation_definitions=[definition], actions=actions, result_format="SUMMARY"
)
(result,) = context.checkpoints.add_or_update(checkpoint).run().run_results.values()
found = {
    r.expectation_config.meta["rule"]: r.success
    for r in result.results
    if r.exception_info.get("raised_exception") is False  # an error has another shape
}
sys.stdout.write("\n" + json.dumps(found) + "\n")
sys.stdout.flush()
