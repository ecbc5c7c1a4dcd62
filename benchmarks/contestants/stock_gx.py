"""Great Expectations as it comes, on DuckDB: an ``UnexpectedRowsExpectation`` per rule."""

import json
import sys
from collections import deque
from pathlib import Path

import great_expectations as gx
import great_expectations.expectations as gxe
import sqlalchemy as sa
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

given = json.loads(Path(sys.argv[1]).read_text())
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
source = context.data_sources.add_sql(
    "warehouse", connection_string=f"duckdb:///{given['warehouse']}"
)


@sa.event.listens_for(sa.engine.Engine, "after_cursor_execute")
def buffer(_connection, cursor, _statement, _parameters, execution, _many):  # type: ignore[no-untyped-def]
    """The library fetches after it closed the connection; DuckDB's cursor is empty by then."""
    if cursor.description:
        execution.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
            cursor, initial_buffer=deque(cursor.fetchall())
        )


schema, table = given["table"].split(".")
asset = source.add_table_asset("table", table_name=table, schema_name=schema)
rules = [
    gxe.UnexpectedRowsExpectation(unexpected_rows_query=sql, meta={"rule": name})
    for name, sql in given["rules"].items()
]
suite = context.suites.add(gx.ExpectationSuite(name="rules", expectations=rules))
definition = context.validation_definitions.add(
    gx.ValidationDefinition(
        name="rules", data=asset.add_batch_definition_whole_table("all"), suite=suite
    )
)
checkpoint = context.checkpoints.add(
    gx.Checkpoint(name="rules", validation_definitions=[definition], result_format="SUMMARY")
)
(result,) = checkpoint.run().run_results.values()
for r in result.results:
    if r.exception_info.get("raised_exception") is not False:  # an error has another shape
        raise SystemExit(f"{r.expectation_config.meta['rule']} raised: {r.exception_info}")
found = {r.expectation_config.meta["rule"]: r.success for r in result.results}
sys.stdout.write("\n" + json.dumps(found) + "\n")
