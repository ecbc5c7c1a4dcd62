"""Pages as a person meets them: in real Chromium without a network, and as two checkers see them.

``chromium`` is a fixture of every test; ``looked_at`` opens a page the way all page tests do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe

CHROMIUM = "/usr/bin/chromium"
SCHEMES = ("light", "dark")
WIDTHS = (375, 1440)
MESSAGES = html5lib.constants.E
NEVER = {"link", "iframe", "object", "embed", "form", "img", "center", "font", "marquee"}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; skips where there is none."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"]
            )
        except Error:
            pytest.skip(f"needs Chromium at {CHROMIUM}")
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An open page, every request it made and everything the browser complained about."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def looked_at(
    browser: Any, path: Path, *, scheme: str = "light", width: int = 1440, scripts: bool = True
) -> Iterator[Visit]:
    """Open a file with the network off."""
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        offline=True,
        java_script_enabled=scripts,
    )
    visit = Visit(page=context.new_page())
    visit.page.on("request", lambda request: visit.requests.append(request.url))
    visit.page.on("console", lambda message: visit.complaints.append(message.text))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.goto(path.as_uri())
    yield visit
    context.close()


def assert_sound(browser: Any, path: Path) -> None:
    """In both colour schemes and at both widths: self-contained, nothing to complain about.

    Two of the four are enough for axe, which takes its time: each scheme and each width once.
    """
    assert html_problems(path) == []
    for scheme in SCHEMES:
        for width in WIDTHS:
            with looked_at(browser, path, scheme=scheme, width=width) as visit:
                assert visit.requests == [path.as_uri()], (scheme, width)
                assert visit.complaints == [], (scheme, width)
                assert not scrolls_sideways(visit.page), (scheme, width)
                if (scheme == "light") == (width == max(WIDTHS)):
                    assert axe_problems(visit.page) == [], (scheme, width)


def axe_problems(page: Any) -> list[str]:
    """What axe-core finds on an open page, best practices included; all folds are opened first."""
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    found = Axe().run(page).response
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def scrolls_sideways(page: Any) -> bool:
    """True when the page as a whole is wider than the window."""
    wider: bool = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return wider


def html_problems(path: Path) -> list[str]:
    """What a strict HTML5 parser says, and what our pages promise beyond that.

    Ids are unique, links between pages lead to a file and to a part of it that exists, tables
    say what their headers are for, and nothing is loaded.
    """
    text = path.read_text(encoding="utf-8")
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(text)
    return [
        *(
            f"line {position[0]}: {MESSAGES.get(code, code) % details}"
            for position, code, details in parser.errors
        ),
        *_repeated_ids(tree),
        *_dead_links(tree, path),
        *(f"<{element.tag}> is not for these pages" for element in tree.iter() if _never(element)),
        *("<th> without scope" for th in tree.iter("th") if th.get("scope") is None),
    ]


def _never(element: Any) -> bool:
    return (
        element.tag in NEVER
        or element.get("src") is not None
        or any(name.startswith("on") for name in element.attrib)
    )


def ids_of(tree: Any) -> list[str]:
    """Every id of a parsed page."""
    return [element.get("id") for element in tree.iter() if element.get("id") is not None]


def _repeated_ids(tree: Any) -> list[str]:
    found = ids_of(tree)
    return [f"id {one!r} appears twice" for one in sorted(set(found)) if found.count(one) > 1]


def _dead_links(tree: Any, path: Path) -> Iterator[str]:
    own = set(ids_of(tree))
    for element in tree.iter():
        target = element.get("href") or element.get("{http://www.w3.org/1999/xlink}href")
        if target is None:
            continue
        address, fragment = urldefrag(target)
        if urlparse(address).scheme:
            yield f"href {target!r} leaves the site"
        elif not address and fragment not in own:
            yield f"href {target!r} leads nowhere on this page"
        elif address and not Path(unquote(urlparse(urljoin(path.as_uri(), address)).path)).exists():
            yield f"href {target!r} leads to no file"
