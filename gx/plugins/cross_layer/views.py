"""Views of Data Docs pages: our own templates, in front of those of the run pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from checkpoints.output.page import environment
from checkpoints.text import dates

TEMPLATES = Path(__file__).parent / "templates"


class PageView:
    """What the library asks a view for: a rendered document in, HTML out."""

    template: ClassVar[str]

    def render(self, document: Any, **_: Any) -> str:
        """The page as HTML; the project's id and the library's buttons are passed over."""
        return _environment().get_template(self.template).render(page=document)


class ResultView(PageView):
    """The page of a validation result."""

    template = "result.html"


class SuiteView(PageView):
    """The page of an expectation suite."""

    template = "suite.html"


@cache
def _environment() -> Environment:
    shared = environment()
    loaders = [FileSystemLoader(TEMPLATES), *([shared.loader] if shared.loader else [])]
    ours = shared.overlay(loader=ChoiceLoader(loaders))
    ours.globals = {**shared.globals, "dates": dates, "RANGES_SHOWN": 40}
    return ours
