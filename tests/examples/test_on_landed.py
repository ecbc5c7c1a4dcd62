"""The services to be told of what landed, as ``examples/services/README.md`` has them."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.support.apis.google import GoogleTokens
from tests.support.apis.pubsub import PubSub
from tests.support.apis.server import Pipeline, serving
from tests.support.backfills import EIGHT, SEVEN, plan_of
from tests.support.presets import PRESETS
from tests.support.remediation_commands import typed
from tests.support.scripted_service import QUICK, answer, project

DAYS = (SEVEN, EIGHT)


def test_the_orchestrator_is_told_by_a_message_per_date_and_by_a_request_for_all(
    tmp_path: Path, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    listener = Pipeline(tmp_path / "none.duckdb")
    listener.lost = set(DAYS)
    topic = PubSub(tokens, listener)
    text = (PRESETS / "README.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    quick = {name: value for name, value in QUICK.items() if name != "auth"}
    services = {name: {**s, **quick} for name, s in yaml.safe_load(block)["services"].items()}
    with project(tmp_path, {"summary": DAYS, "factors": DAYS}) as made, serving(topic):
        datasets = dict(made.raw["datasets"])
        datasets["summary"] = {**datasets["summary"], "on_landed": "l3_complete"}
        datasets["factors"] = {**datasets["factors"], "on_landed": "l4_complete"}
        made.change(datasets=datasets, services={**made.raw["services"], **services})
        made.service.otherwise["/layers/L3/complete"] = answer(202)
        variables = {
            **google,
            "PUBSUB_API": topic.url,
            "LANDED_TOPIC": "backfill-requests",
            "ORCHESTRATOR_URL": made.service.url,
            "ORCHESTRATOR_KEY": "s3cret-of-orchestrator",
        }
        plan_of(made, None)
        typed(made, "plan")
        code, _, err = typed(made, "run", "--yes", **variables)
        assert code == 0, err
        (told,) = [c for c in made.service.calls if c.path == "/layers/L3/complete"]
        assert told.body == {"dates": [SEVEN, EIGHT]}
        assert told.headers["X-Api-Key"] == "s3cret-of-orchestrator"
        assert topic.messages == [
            ({"layer": "L4", "status": "complete", "game_date": day}, {"source": "remediation"})
            for day in DAYS
        ]
        written = b"".join(p.read_bytes() for p in made.folder.rglob("*") if p.is_file())
        secrets = ["s3cret-of-orchestrator", *tokens.issued]
        assert [s for s in secrets if s.encode() in written + err.encode()] == []
    listener.join()
