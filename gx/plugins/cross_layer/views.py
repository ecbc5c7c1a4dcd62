"""Page views that compile their templates once, and not again for every page.

The library makes a new view for each page it writes; compiling is most of what that costs.
"""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.render.view.view import DefaultJinjaIndexPageView, DefaultJinjaPageView


class CompiledOnce:
    """Views of one class with the same folders share one template environment."""

    environments: ClassVar[dict[tuple[Any, ...], Any]] = {}

    def __init__(self, **folders: str | None) -> None:
        super().__init__(**folders)
        key = (type(self).__name__, *sorted(folders.items()))
        self.env: Any = self.environments.setdefault(key, getattr(self, "env", None))


class PageView(CompiledOnce, DefaultJinjaPageView):
    """A page of a suite or of a validation result."""


class IndexPageView(CompiledOnce, DefaultJinjaIndexPageView):
    """The list of runs."""
