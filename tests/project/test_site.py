"""The documentation as a site; ``make docs`` builds it, and fails where these say so."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from docs import build_site
from tests.project.test_readme import PAGES, found_under
from tests.support.commands import ROOT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a page that links to a source of it."""
    for name in ("docs", "examples", ".github"):
        (tmp_path / name).mkdir()
    for name in ("zensical.toml", "site.css"):
        (tmp_path / "docs" / name).write_text("")
    (tmp_path / "docs" / "index.md").write_text(
        "# Start\n[a](../examples/README.md#b) [c](https://example.com) [d](#start) ![e](../f.png)"
    )
    (tmp_path / "examples" / "README.md").write_text(
        "# B\n[w](../.github/w.yml)[s](../docs/index.md)"
    )
    (tmp_path / ".github" / "w.yml").write_text("on: push\n")
    (tmp_path / "f.png").write_bytes(b"PNG")
    monkeypatch.setattr(build_site, "ROOT", tmp_path)
    monkeypatch.setattr(build_site, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(build_site, "BUILT", tmp_path / ".site")
    monkeypatch.setattr(build_site, "PAGES", tmp_path / ".site" / "pages")
    monkeypatch.setattr(build_site, "SITE", tmp_path / ".site" / "html")
    return tmp_path


def test_what_a_page_links_to_becomes_a_page(project: Path) -> None:
    build_site.stage()
    pages = project / ".site" / "pages"
    assert (pages / "index.md").read_text() == (
        "# Start\n[a](examples/README.md#b) [c](https://example.com) [d](#start) ![e](f.png)"
    )
    assert (pages / "examples" / "README.md").read_text() == (
        "# B\n[w](../github/w.yml.md)[s](../index.md)"
    )
    assert "``````yaml\non: push\n" in (pages / "github" / "w.yml.md").read_text()
    assert (pages / "f.png").read_bytes() == b"PNG"


@pytest.mark.parametrize("link", ["nothing.md", "../f.jpg", "../../outside.md"])
def test_a_link_that_leads_nowhere_is_an_error(project: Path, link: str) -> None:
    (project.parent / "outside.md").write_text("# Outside\n")
    (project / "docs" / "other.md").write_text(f"[x]({link})")
    with pytest.raises(build_site.BrokenLink, match=r"other\.md links to "):
        build_site.stage()


def test_what_is_wrong_in_the_site_is_said(project: Path) -> None:
    site = project / ".site" / "html"
    (site / "a").mkdir(parents=True)
    (site / "a" / "index.html").write_text(
        '<a href="../b.html#there">b</a> <a href="../c.html">c</a>'
    )
    (site / "b.html").write_text(
        '<p id="there"><a href="a#gone">a</a><a href="https://example.com">far away</a>'
        '<script src="https://cdn.example.com/x.js"></script><img src="a/x.png">'
        "<pre>- in code</pre><p>Some:\n- things</p>"
    )
    assert sorted(build_site.problems()) == [
        "a/index.html links to ../c.html, which is not there",
        "b.html links to a#gone, which is not there",
        "b.html links to a/x.png, which is not there",
        "b.html loads https://cdn.example.com/x.js",
        "b.html: put an empty line above the list or table of '- things'",
    ]


def test_every_page_is_in_the_navigation() -> None:
    settings = tomllib.loads((ROOT / "docs" / "zensical.toml").read_text(encoding="utf-8"))
    listed = str([*found_under("nav", settings)])
    assert [page for page in PAGES if f"'{Path(page).name}'" not in listed] == ["README.md"]
