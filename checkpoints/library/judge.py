"""Let Great Expectations judge and archive a coverage frame.

The only module of this package that imports the library, which costs about 3 s and 200 MB.
Everything it is known to do wrong is guarded here: it must have loaded exactly the declared
checks before it runs, and hand back exactly those, each with an outcome.
"""

from __future__ import annotations

import importlib
import io
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse
from urllib.request import url2pathname

from checkpoints.contract.checks import Check, checks_of_checkpoint
from checkpoints.contract.model import Contract
from checkpoints.contract.stock import StockCheck, stock_checks_of
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import CheckRecord, KeySample, check_record
from checkpoints.errors import CheckpointsError, LibraryError
from checkpoints.library.configuration import site_of
from checkpoints.library.project import CONFIGURATION, complete
from checkpoints.library.results import NAMELESS, RunEvidence, evaluation_of
from checkpoints.library.suites import REGENERATE, checkpoint_name, refuse_stale
from checkpoints.library.table import coverage_table
from checkpoints.rules.rule import Severity
from checkpoints.text import counted
from checkpoints.warehouse.rows import Rows

if TYPE_CHECKING:
    from great_expectations.checkpoint.checkpoint import Checkpoint, CheckpointResult
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.data_context.data_context.file_data_context import FileDataContext

    from checkpoints.library.batches import Batches


LOGGER = logging.getLogger(__name__)
PLUGIN = "checkpoints.plugin"
"""Our expectations, metric and pages. By name: it stands on this package."""


def judge(
    project: Path,
    contract: Contract,
    checkpoint: str,
    frame: CoverageFrame,
    run_id: str,
    run_time: datetime,
    keys: Sequence[KeySample] = (),
    fail_on: Severity = "critical",
    contract_option: str = "",
    pipeline: tuple[str, str] = NAMELESS,
    rows: Mapping[str, Rows] | None = None,
) -> tuple[CheckRecord, ...]:
    """Run a checkpoint on a frame, archive the results and write their Data Docs pages.

    Returns what the library found, in the order of ``checks_of`` and then ``stock_checks_of``, of
    which ``rows`` has the rows by dataset. What goes wrong with an action of the contract, or with
    another Data Docs site, is a warning. ``project`` is the Data Context's root. ``run_time`` is
    aware. The pages show it, ``run_id``, ``keys`` where they were read, ``contract_option`` in
    commands, and the ``pipeline`` (name and environment); their verdicts gate on ``fail_on``.

    Raises:
        StaleSuites: the files on disk are not what the contract generates.
        LibraryError: the library did not judge what the contract declares.
    """
    refuse_stale(project, contract)
    declared = contract.checkpoints[checkpoint]
    checks = checks_of_checkpoint(contract, checkpoint, frame.window)
    stock = stock_checks_of(contract, declared.suites) if frame.window.has_all_rules else ()
    stored = checkpoint_name(checkpoint, declared, several=bool(frame.window.parts))
    if not (checks or stock):
        return ()
    run = RunEvidence(
        cells=(),
        window=frame.window.part("").range,
        as_of=frame.as_of,
        fail_on=fail_on,
        contract_option=contract_option,
        pipeline=pipeline,
    )
    with _library():
        context = _open(project, contract)
        from checkpoints.library.batches import Batches

        loaded = context.checkpoints.get(stored)
        _require_declared(loaded, [*checks, *stock])
        batches = Batches(
            coverage=coverage_table(frame, checks, keys, fail_on, contract_option, pipeline),
            rows=rows or {},
            run=run,
            due=frozenset(c.dataset for c in stock if frame.evidence(c.pair).due),
        )
        result = _results(context, loaded, batches, run_id, run_time)
        problems = _acted(context, loaded, result)
    _warn(f"{problem}; the verdict stands" for problem in problems)
    return _records(checks, stock, result, frame.window)


def _acted(context: FileDataContext, loaded: Checkpoint, result: CheckpointResult) -> list[str]:
    """Do what the checkpoint declares, and see that our pages are there; returns what failed."""
    from checkpoints.library.acting import act

    site = _site(context)
    problems = act(context, loaded.actions, result, site)
    for key in result.run_results:
        sites = context.get_docs_sites_urls(resource_identifier=key, site_name=site)
        _page(sites[0]["site_url"])
    return problems


def _results(
    context: FileDataContext,
    loaded: Checkpoint,
    batches: Batches,
    run_id: str,
    run_time: datetime,
) -> CheckpointResult:
    """Judge and store the suites of a checkpoint, as it would itself had they one table."""
    from great_expectations.checkpoint.checkpoint import CheckpointResult
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    from checkpoints.library.batches import validated

    run, results = RunIdentifier(run_name=run_id, run_time=run_time), {}
    for definition in loaded.validation_definitions:
        result = validated(definition, batches)
        result.meta |= {
            "validation_id": definition.id,
            "checkpoint_id": loaded.id,
            "run_id": run,
            "validation_time": run.run_time,
        }
        key = ValidationResultIdentifier(
            expectation_suite_identifier=ExpectationSuiteIdentifier(name=definition.suite.name),
            run_id=run,
            batch_identifier=result.batch_id,
        )
        context.validation_results_store.set(key=key, value=result)
        results[key] = result
    return CheckpointResult(run_id=run, run_results=results, checkpoint_config=loaded)


def _warn(problems: Iterable[str]) -> None:
    for problem in dict.fromkeys(problems):
        LOGGER.warning("warning: %s", problem)


def build_docs(project: Path) -> Path:
    """Rebuild all Data Docs pages and return the index page.

    Raises:
        LibraryError: the project cannot be opened, or no page was written.
    """
    with _library():
        context = _open(project)
        from checkpoints.library.acting import other_pages

        site = _site(context)
        page = _page(context.build_data_docs(site_names=[site])[site])
        problems = other_pages(context, site)
    _warn(problems)
    return page


def refuse_unusable(project: Path, contract: Contract) -> None:
    """Accept only expectations and actions in a contract that the library can use.

    Only a contract that has some costs the time to import it.

    Raises:
        ContractError: with every one that it cannot.
        LibraryError: the project cannot be opened.
    """
    if stock_checks_of(contract) or any(c.actions for c in contract.checkpoints.values()):
        with _library():
            _open(project, contract)


def _open(project: Path, contract: Contract | None = None) -> FileDataContext:
    """Open the Data Context by its path, with our expectations registered.

    Raises:
        ContractError: the contract declares what the library does not have.
    """
    complete(project)
    from great_expectations import get_context

    importlib.import_module(PLUGIN)  # the library drops unknown expectations, and passes
    if contract is not None:
        from checkpoints.library.declared import refuse_unknown

        refuse_unknown(contract)
    return get_context(context_root_dir=project, mode="file")


def _site(context: FileDataContext) -> str:
    """The name of our Data Docs site."""
    return site_of(context.variables.data_docs_sites or {})


def _require_declared(loaded: Checkpoint, checks: Sequence[Check | StockCheck]) -> None:
    """Before it runs: the library holds every declared check, once, and no other."""
    found = sorted(
        str(expectation.id)
        for definition in loaded.validation_definitions
        for expectation in definition.suite.expectations
    )
    if found != sorted(check.id for check in checks):
        raise LibraryError(
            f"checkpoint {loaded.name!r} holds {counted(len(found), 'expectation')} where the "
            f"contract declares {len(checks)}: {REGENERATE}"
        )


def _records(
    checks: Sequence[Check],
    stock: Sequence[StockCheck],
    result: CheckpointResult,
    window: Window,
) -> tuple[CheckRecord, ...]:
    """The results by the id of their expectation: their order is the library's own."""
    by_id = {
        str(outcome.expectation_config.id): outcome
        for suite in result.run_results.values()
        for outcome in suite.results
        if outcome.expectation_config is not None
    }
    every: list[Check | StockCheck] = [*checks, *stock]
    if missing := [check for check in every if check.id not in by_id]:
        raise LibraryError(*(f"the library gave no result for {_name(c)}" for c in missing))
    return (
        *(_record(check, by_id[check.id], window) for check in checks),
        *(_stock_record(check, by_id[check.id]) for check in stock),
    )


def _record(check: Check, outcome: ExpectationValidationResult, window: Window) -> CheckRecord:
    try:
        found = evaluation_of(outcome.success, outcome.result, outcome.exception_info)
    except (ValueError, KeyError, TypeError) as error:
        raise LibraryError(f"the result of {_name(check)} cannot be read: {error}") from error
    return check_record(check, found, window)


def _stock_record(check: StockCheck, outcome: ExpectationValidationResult) -> CheckRecord:
    from checkpoints.library.stock import stock_record

    try:
        return stock_record(outcome.expectation_config, check.suite, outcome)  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError) as error:
        raise LibraryError(f"the result of {_name(check)} cannot be read: {error}") from error


def _name(check: Check | StockCheck) -> str:
    return f"{check.name} of {check.dataset!r} in suite {check.suite!r}"


def _page(url: str | None) -> Path:
    """The file of a page; the library does not say when it wrote none."""
    path = Path(url2pathname(urlparse(url or "").path))
    if not path.is_file():
        raise LibraryError(f"Data Docs were not written: see {CONFIGURATION}, data_docs_sites")
    return path


@contextmanager
def _library() -> Iterator[None]:
    """What the library raises ends in one sentence; what it prints and logs is dropped."""
    logger = logging.getLogger("great_expectations")
    propagate, nowhere = logger.propagate, logging.NullHandler()
    logger.propagate = False
    logger.addHandler(nowhere)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    except CheckpointsError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines() or ["no message"]
        raise LibraryError(
            f"Great Expectations failed ({type(error).__name__}): {reason[0]}"
        ) from error
    finally:
        logger.removeHandler(nowhere)
        logger.propagate = propagate
