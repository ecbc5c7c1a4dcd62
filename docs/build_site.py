"""Build the documentation as a site: ``python docs/build_site.py``, as ``make docs`` does.

The pages are those of this folder. What they link to elsewhere in the project becomes a page too,
so that no link leads out of the site. Needs ``zensical``, and no network: fonts, scripts and
pictures are all in the folder that it writes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
BUILT = ROOT / ".site"
PAGES, SITE = BUILT / "pages", BUILT / "html"
PICTURES = frozenset({".png", ".svg"})
LANGUAGES = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".json": "json", ".sh": "bash"}
LOADED = frozenset({"link", "script", "img", "iframe", "source"})
"""Elements whose address a browser asks for by itself."""


class BrokenLink(Exception):
    """A page links to what is not there, or asks another host for something."""


def place_of(path: Path) -> Path:
    """Where a file of the project stands among the pages; sources become pages of their own.

    No page may be in a folder that is hidden.
    """
    inside = path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT)
    inside = Path(*(part.removeprefix(".") for part in inside.parts))
    keeps_its_name = path.suffix in PICTURES | {".md"}
    return inside if keeps_its_name else inside.with_name(f"{inside.name}.md")


def linked(page: Path, text: str) -> Iterator[tuple[re.Match[str], Path, str]]:
    """The links of a page into the project: where they stand, the file, and what is after it.

    Raises:
        BrokenLink: the file is not there.
    """
    for found in re.finditer(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))", text):
        target = (page.parent / found[1]).resolve()
        target = target / "README.md" if target.is_dir() else target
        if not target.is_file() or not target.is_relative_to(ROOT):
            raise BrokenLink(f"{page.relative_to(ROOT)} links to {found[1]!r}, which is not there")
        yield found, target, found[2] or ""


def rewritten(page: Path, text: str) -> tuple[str, set[Path]]:
    """A page with its links as they are among the pages, and the files that they lead to."""
    parts, end, files = list[str](), 0, set[Path]()
    for found, target, anchor in linked(page, text):
        link = os.path.relpath(place_of(target), place_of(page).parent)
        parts += [text[end : found.start()], link, anchor]
        end = found.end()
        files.add(target)
    return "".join([*parts, text[end:]]), files


def as_page(path: Path) -> str:
    """A source file as a page, which the search leaves out."""
    language = LANGUAGES.get(path.suffix, "text")
    name, text = path.relative_to(ROOT), path.read_text(encoding="utf-8")
    return f"---\nsearch:\n  exclude: true\n---\n# {name}\n\n``````{language}\n{text}\n``````\n"


def stage() -> None:
    """Write all pages: those of this folder, and what can be reached from them."""
    shutil.rmtree(BUILT, ignore_errors=True)
    open_, written = set(DOCS.glob("*.md")), set[Path]()
    while open_:
        path = open_.pop()
        written.add(path)
        target = PAGES / place_of(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            text, files = rewritten(path, path.read_text(encoding="utf-8"))
            target.write_text(text, encoding="utf-8")
            open_ |= files - written
        elif path.suffix in PICTURES:
            shutil.copy(path, target)
        else:
            target.write_text(as_page(path), encoding="utf-8")
    shutil.copy(DOCS / "site.css", PAGES)
    shutil.copy(DOCS / "zensical.toml", BUILT)


class Shown(HTMLParser):
    """The addresses and the anchors of an HTML file, and lines that should have become a list."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.raw: list[str] = []
        self._code = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what the element names."""
        self._code += tag == "pre"
        given = dict(attrs)
        self.ids |= {value for name in ("id", "name") if (value := given.get(name))}
        if address := given.get("href") or given.get("src"):
            (self.loads if tag in LOADED else self.links).append(address)

    def handle_endtag(self, tag: str) -> None:
        """Code ends."""
        self._code -= tag == "pre"

    def handle_data(self, data: str) -> None:
        """Outside of code, a line that begins as an item or a row was not taken for one."""
        if not self._code:
            self.raw += re.findall(r"\n((?:[-*] |\d+\. |\| ).*)", data)


def problems() -> Iterator[str]:
    """What is wrong with the site that was built."""
    read = {path: Shown(path) for path in SITE.rglob("*.html") if path.name != "404.html"}
    for path, page in read.items():
        for line in page.raw:
            yield f"{path.relative_to(SITE)}: put an empty line above the list or table of {line!r}"
        for address in (*page.loads, *page.links):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if address in page.loads and parts.scheme != "data":
                    yield f"{path.relative_to(SITE)} loads {address}"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and anchor not in read[target].ids):
                yield f"{path.relative_to(SITE)} links to {address}, which is not there"


def main() -> None:
    """Write the pages, build the site, and look at every address in it."""
    try:
        stage()
        zensical = Path(sys.executable).with_name("zensical")
        command = [str(zensical), "build", "--strict"]
        done = subprocess.run(command, cwd=BUILT, capture_output=True, text=True, check=False)
        if done.returncode:
            said = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)
            raise BrokenLink(said.partition("Traceback")[0])
        if found := [*problems()]:
            raise BrokenLink("\n".join(found))
    except BrokenLink as error:
        raise SystemExit(str(error)) from error
    sys.stdout.write(f"{SITE.relative_to(ROOT)}/index.html\n")


if __name__ == "__main__":
    main()
