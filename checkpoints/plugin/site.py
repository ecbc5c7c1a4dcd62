"""How the Data Docs site is built: only what a run added, and nothing that no page needs.

The library's own builder copies its fonts and images into the site, walks the whole archive and
reads every stored result again for each suite of a run.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    SiteSectionIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.render.renderer.site_builder import DefaultSiteSectionBuilder, SiteBuilder

from checkpoints.archive.report import RUN_ID
from checkpoints.archive.signoff import signoff_path
from checkpoints.errors import LibraryError
from checkpoints.output.site import refresh_pages, write_index
from checkpoints.text import counted

PROBLEMS_SHOWN = 5
Key = ExpectationSuiteIdentifier | ValidationResultIdentifier


class SelfContainedSite(SiteBuilder):
    """A site of pages that load nothing."""

    def build(
        self, resource_identifiers: list[Key] | None = None, build_index: bool = True
    ) -> tuple[str | None, None]:
        """Write the pages of some suites and results, or all of them; returns the index's address.

        The index is left alone where only some are asked for: it lists reports of runs, which
        are stored after their validation results.

        Raises:
            LibraryError: with every page that could not be written.
        """
        problems = [
            problem
            for section in self.site_section_builders.values()
            for problem in section.build(resource_identifiers)
        ]
        if build_index and not resource_identifiers:
            self.site_index_builder.build()
        if problems:
            raise LibraryError(*_in_short(problems))
        return self.get_resource_url(only_if_exists=False), None


def _in_short(problems: list[str]) -> Iterator[str]:
    """A few problems say what there is to know; the cause of hundreds is one."""
    for problem in problems[:PROBLEMS_SHOWN]:
        yield f"Data Docs are incomplete: {problem}"
    if len(problems) > PROBLEMS_SHOWN:
        more = len(problems) - PROBLEMS_SHOWN
        verb = "is" if more == 1 else "are"
        yield f"Data Docs are incomplete: so {verb} {counted(more, 'more page')}"


class Suites(DefaultSiteSectionBuilder):
    """A page for every suite."""

    kind: type[Key] = ExpectationSuiteIdentifier

    def build(  # type: ignore[override]  # the library's own returns nothing
        self, resource_identifiers: list[Key] | None = None
    ) -> list[str]:
        """Write the pages that are asked for, or all; returns what went wrong with any."""
        if resource_identifiers:
            keys = [key for key in resource_identifiers if isinstance(key, self.kind)]
        else:
            keys = self.wanted(self.source_store.list_keys())
        problems = [problem for key in keys if (problem := self._write(key))]
        self.remove_others(keys, only_some=bool(resource_identifiers))
        return problems

    def wanted(self, keys: list[Any]) -> list[Any]:
        """The keys that are to have a page."""
        return keys

    def remove_others(self, keys: list[Any], *, only_some: bool) -> None:
        """Remove the pages of suites that are not declared any more."""
        names = {key.name for key in keys}
        for page in [] if only_some else self._folder().glob("*.html"):
            if page.stem not in names:
                page.unlink()

    def _folder(self) -> Path:
        return Path(self.target_store.store_backends[self.kind].full_base_directory) / str(
            self.target_store.store_backends[self.kind].filepath_prefix
        )

    def _write(self, key: Any) -> str:
        """Write one page; returns what went wrong, if anything."""
        try:
            found = self.source_store.get(key)
            resource = ExpectationSuite(**found) if isinstance(found, dict) else found
            page = self.view_class.render(self.renderer_class.render(resource))
        except Exception as error:  # noqa: BLE001 (one damaged result does not hide the others)
            return f"{'/'.join(key.to_tuple())}: {type(error).__name__}: {error}"
        identifier = SiteSectionIdentifier(site_section_name=self.name, resource_identifier=key)
        self.target_store.set(identifier, page)
        return ""


class LatestResults(Suites):
    """A page for every validation result of the latest runs, and of every signed one.

    Only pages are removed: the results stay in the archive.
    """

    kind = ValidationResultIdentifier

    def __init__(
        self, data_context: Any, target_store: Any, keep_runs: int = 100, **settings: Any
    ) -> None:
        super().__init__(data_context=data_context, target_store=target_store, **settings)
        self.keep_runs = keep_runs
        self.project = Path(data_context.root_directory)

    def wanted(self, keys: list[Any]) -> list[Any]:
        """The results of the runs that are kept."""
        kept = self._kept({str(key.run_id.run_name) for key in keys})
        return [key for key in keys if key.run_id.run_name in kept]

    def remove_others(self, keys: list[Any], *, only_some: bool) -> None:
        """Remove the pages of older runs, and of runs that are not in the archive."""
        folders = list(self._folder().glob("*/*"))
        runs = {f.name for f in folders} if only_some else {str(k.run_id.run_name) for k in keys}
        kept = self._kept(runs)
        gone = [folder for folder in folders if folder.name not in kept]
        for folder in gone:
            shutil.rmtree(folder)
        if gone:
            refresh_pages(self.project, {folder.name for folder in gone})

    def _kept(self, runs: Iterable[str]) -> set[str]:
        """The latest of these, the signed ones, and those of checkpoints made by hand."""
        others = {run for run in runs if not RUN_ID.match(run)}
        newest_first = sorted(set(runs) - others, reverse=True)
        latest, older = newest_first[: self.keep_runs], newest_first[self.keep_runs :]
        signed = (run for run in older if signoff_path(self.project, run).exists())
        return {*others, *latest, *signed}


class Index:
    """The first page: the list of runs."""

    def __init__(self, data_context: Any, **_: Any) -> None:
        self.project = Path(data_context.root_directory)

    def build(self) -> None:
        """Write it."""
        write_index(self.project)
