"""What the proxy adds to the emulator does what it is there for; real clients see it."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import BadRequest, Forbidden, GoogleAPICallError, NotFound
from google.cloud import bigquery

from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import load_rows
from tests.bigquery.recording import Proxy
from tests.bigquery.service import Outcome, Query, Service
from tests.bigquery.statements import table_reads
from tests.support.warehouses import days

FILTERED = "SELECT d, k FROM s.one WHERE d BETWEEN '2025-01-01' AND '2025-01-02'"
MB = 10**6


def judged(
    sql: str, service: Service, *, location: str | None = None, limit: int | None = None
) -> Outcome:
    query = Query(
        project="proj", sql=sql, parameters={}, labels={}, use_query_cache=True, dry_run=False,
        maximum_bytes_billed=limit, location=location, timeout_ms=None, query_id="q",
    )  # fmt: skip
    return service.judge(query)


STRICT = {"s.one": "d", "s.two": "d"}


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        (FILTERED, False),
        (f"{FILTERED} UNION ALL SELECT d, k FROM s.two WHERE d = '2025-01-01'", False),
        (f"{FILTERED} UNION ALL SELECT d, k FROM s.two", True),
        (f"{FILTERED} UNION ALL SELECT d, k FROM s.two WHERE k = 'x'", True),
        ("SELECT k FROM s.one WHERE DATE_ADD(d, INTERVAL 1 DAY) = '2025-01-01'", True),
        ("SELECT k FROM s.one WHERE d = '2025-01-01' OR k = 'x'", True),
        ("SELECT k FROM s.one WHERE (d = '2025-01-01' OR d IS NULL) AND k = 'x'", False),
        ("SELECT k FROM s.one WHERE d = CURRENT_DATE() AND k <> 'x'", False),
        ("SELECT k FROM s.one WHERE d = k", True),
        ("SELECT e FROM (SELECT d AS e FROM s.one) WHERE e > '2025-01-01'", False),
        ("SELECT e FROM (SELECT d AS e FROM s.one)", True),
        ("SELECT * FROM s.one LIMIT 1", True),
    ],
)
def test_each_reference_to_a_partitioned_table_needs_a_filter_of_its_own(
    sql: str, refused: bool
) -> None:
    error = judged(sql, Service(partitioned=STRICT)).error
    assert (error is not None) == refused
    if error:
        assert error.message.endswith(
            "without a filter over column(s) 'd' that can be used for partition elimination"
        )


def test_bytes_are_of_the_columns_named_and_billed_by_table() -> None:
    sizes = {"d": 30 * MB, "k": 50 * MB, "points": 900 * MB}
    service = Service(column_bytes={"s.one": sizes})
    found = judged("SELECT d FROM s.one WHERE k = 'x' UNION ALL SELECT d FROM s.two", service)
    assert found.processed == 80 * MB
    assert found.billed == 77 * 2**20 + 10 * 2**20
    assert judged("SELECT * FROM s.one", service).processed == 980 * MB


def test_over_the_cap_the_service_says_how_much_is_needed() -> None:
    service = Service(column_bytes={"s.one": {"d": 30 * MB}})
    error = judged("SELECT d FROM s.one", service, limit=MB).error
    assert error.reason == "bytesBilledLimitExceeded"
    assert error.message == (
        "Query exceeded limit for bytes billed: 1000000. 30408704 or higher required."
    )


def test_every_dataset_of_a_query_must_be_where_it_runs() -> None:
    service = Service(locations={"west": "us-west2"})
    both = "SELECT d FROM west.one UNION ALL SELECT d FROM s.two"
    assert judged("SELECT d FROM west.one", service).location == "us-west2"
    assert judged("SELECT d FROM west.one", service, location="us-west2").error is None
    for sql, location in ((both, None), (both, "US"), ("SELECT d FROM s.two", "us-west2")):
        error = judged(sql, service, location=location).error
        assert "was not found in location" in error.message


def test_the_columns_of_an_arm_are_its_own() -> None:
    sql = "SELECT x.a FROM (SELECT a, b FROM s.one WHERE c = 1) AS x JOIN s.two ON x.b = two.b"
    columns = {read.name: read.columns for read in table_reads(sql, "proj")}
    assert columns["s.one"] == {"a", "b", "c"}


# ------------------------------------------------------------------ through a real client


@pytest.fixture
def client(here: Proxy, emulator: Emulator) -> bigquery.Client:
    rows = days("2025-01-01", "2025-01-03", games=1)
    load_rows(emulator.url, {"s.one": rows, "s.two": rows}, project="service")
    return bigquery.Client(project="service")


def failure(client: bigquery.Client, sql: str, **options: object) -> GoogleAPICallError:
    config = bigquery.QueryJobConfig(**options)
    with pytest.raises(GoogleAPICallError) as caught:
        client.query(sql, job_config=config).result()
    return caught.value


def test_a_client_sees_the_services_own_errors(here: Proxy, client: bigquery.Client) -> None:
    here.service.partitioned = STRICT
    assert isinstance(failure(client, "SELECT d FROM s.one"), BadRequest)
    here.service.partitioned = {}
    here.service.column_bytes = {"s.one": {"d": 30 * MB}}
    capped = failure(client, "SELECT d FROM s.one", maximum_bytes_billed=MB)
    assert "Query exceeded limit for bytes billed: 1000000." in str(capped)
    here.service.denied = {"s"}
    assert isinstance(failure(client, "SELECT d FROM s.one"), Forbidden)
    with pytest.raises(Forbidden):
        client.get_table("s.one")
    here.service.denied = set()
    with pytest.raises(NotFound):
        client.get_table("s.none")
    assert isinstance(failure(client, "SELECT d FROM s.none"), NotFound)
