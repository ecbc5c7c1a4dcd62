"""Two DAGs: the checkpoint of every day, and a repair that a person triggers with its plan.

Copy it into the DAGs folder (Airflow 2 or 3). The worker needs the project in CHECKPOINTS_HOME with
its .venv, on the same disk for every task, and the variables that the contract names.
"""

import os
from datetime import datetime, timedelta

try:  # Airflow 3
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, Param
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.models.param import Param
    from airflow.operators.bash import BashOperator

HOME = os.environ.get("CHECKPOINTS_HOME", "/srv/checkpoints")
PATH = f"{HOME}/.venv/bin:{os.environ.get('PATH', '')}"
NOTHING_DUE = 5
START = datetime(2025, 1, 1)

with DAG(
    "checkpoints_daily",
    schedule="23 14 * * *",  # in UTC, once last night's games are through
    start_date=START,
    catchup=False,
    max_active_runs=1,
    doc_md="Fails when data is incomplete (1) or nobody could tell (2, 3); the log has the plan.",
):
    BashOperator(
        task_id="run",
        cwd=HOME,
        append_env=True,
        env={"PATH": PATH},
        bash_command=(
            "code=0; python -m checkpoints run --checkpoint daily || code=$?; "
            '[ "$code" -ne 1 ] || python -m remediation plan; exit "$code"'
        ),
        skip_on_exit_code=NOTHING_DUE,
        retries=0,  # the answer does not change by asking again
    )

with DAG(
    "checkpoints_repair",
    schedule=None,  # triggered by a person, who has read the plan: that is the approval
    start_date=START,
    catchup=False,
    max_active_runs=1,
    params={"plan": Param(type="string", pattern="^[0-9a-f]{12}$", description="id of the plan")},
):
    BashOperator(
        task_id="run",
        cwd=HOME,
        append_env=True,
        env={"PATH": PATH, "PLAN": "{{ params.plan }}"},
        bash_command='python -m remediation run --yes --plan "gx/uncommitted/plans/$PLAN.json"',
        skip_on_exit_code=NOTHING_DUE,
        retries=2,  # running it again goes on: what landed is not sent again
        retry_delay=timedelta(minutes=10),
    )
