"""The Great Expectations project of a contract: what it lacks is written, what it has stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from checkpoints.archive.runs import site_folder
from checkpoints.errors import ContractError
from checkpoints.library.project import complete
from tests.support.commands import ROOT

OWN = """\
# ours since 2023
config_version: 4.0
plugins_directory: our_plugins/   # with a metric
stores:
  expectations_store:
    class_name: ExpectationsStore
    store_backend: {class_name: TupleFilesystemStoreBackend, base_directory: expectations/}
expectations_store_name: expectations_store
fluent_datasources:
  shop: {type: pandas, assets: {}}
data_docs_sites:
  local_site:
    class_name: SiteBuilder
    store_backend:
      class_name: TupleFilesystemStoreBackend
      base_directory: uncommitted/data_docs/local_site/
"""


def test_the_shipped_project_is_what_an_empty_folder_gets(tmp_path: Path) -> None:
    written = complete(tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in written} == {
        "great_expectations.yml", "plugins/cross_layer/__init__.py", ".gitignore",
    }  # fmt: skip
    for path in written:
        shipped = ROOT / "gx" / path.relative_to(tmp_path)
        assert path.read_bytes() == shipped.read_bytes()
    assert complete(tmp_path) == []


def test_a_project_of_somebodys_own_keeps_all_it_has_and_gets_ours(tmp_path: Path) -> None:
    path = tmp_path / "great_expectations.yml"
    path.write_text(OWN)
    complete(tmp_path)
    text = path.read_text()
    assert text.startswith("# ours since 2023\n")
    assert "plugins_directory: our_plugins/   # with a metric" in text
    assert (tmp_path / "our_plugins/cross_layer/__init__.py").is_file()
    before, after = yaml.safe_load(OWN), yaml.safe_load(text)
    assert after["stores"].items() >= before["stores"].items()
    assert after["data_docs_sites"]["local_site"] == before["data_docs_sites"]["local_site"]
    assert set(after["fluent_datasources"]) == {"shop", "coverage"}
    own_site = after["data_docs_sites"]["cross_layer"]["store_backend"]["base_directory"]
    assert tmp_path / own_site == site_folder(tmp_path)
    assert complete(tmp_path) == []


def test_a_project_of_version_1_0_finds_our_classes_where_they_are_now(tmp_path: Path) -> None:
    shipped = (ROOT / "gx/great_expectations.yml").read_text()
    path = tmp_path / "great_expectations.yml"
    path.write_text(shipped.replace("checkpoints.plugin.", "cross_layer."))
    complete(tmp_path)
    assert path.read_text() == shipped


@pytest.mark.parametrize("kept", ["uncommitted/\n", "*.bak\n"])
def test_what_git_is_to_ignore_stays_somebodys_own(tmp_path: Path, kept: str) -> None:
    (tmp_path / ".gitignore").write_text(kept)
    complete(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == kept


def test_what_a_project_has_stays_letter_by_letter(tmp_path: Path) -> None:
    """Also where its form is not that of a file which is written anew."""
    own = OWN.replace("      class_name: TupleF", "          class_name:   TupleF").replace(
        "      base_directory: u", "          base_directory: u"
    )
    own = f"\n# at the top\n{own}\n\n# about nothing\nconcurrency: {{enabled: false}}"
    for newline in ("\n", "\r\n"):
        path = tmp_path / "great_expectations.yml"
        path.write_bytes(own.replace("\n", newline).encode())
        complete(tmp_path)
        after = iter(path.read_bytes().decode().splitlines(keepends=True))
        before = own.splitlines()
        assert all(f"{line}{newline}" in after for line in before)
        assert yaml.safe_load(path.read_text()).keys() > yaml.safe_load(own).keys()
        assert complete(tmp_path) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("plugins_directory: our_plugins/", "plugins_directory:"),
        ("fluent_datasources:\n  shop: {type: pandas, assets: {}}\n", "fluent_datasources: {}\n"),
        ("config_version: 4.0\n", "config_version: 3.0\ndata_context_id:\n"),
        ("expectations_store", "suites"),
        (OWN[OWN.index("data_docs_sites:") :], ""),
        (OWN[OWN.index("data_docs_sites:") :], "data_docs_sites:\n"),
        (OWN, str(yaml.safe_load(OWN))),
    ],
)
def test_a_project_of_another_form_gets_what_it_lacks(
    tmp_path: Path, before: str, after: str
) -> None:
    own = OWN.replace(before, after).replace("suites_name", "expectations_store_name")
    path = tmp_path / "great_expectations.yml"
    path.write_text(own)
    complete(tmp_path)
    added, had = yaml.safe_load(path.read_text()), yaml.safe_load(own)
    assert {**added, **{k: v for k, v in had.items() if v and not isinstance(v, dict)}} == added
    assert (
        added["stores"][added["expectations_store_name"]]
        == had["stores"][had["expectations_store_name"]]
    )
    assert len(added["stores"]) == 4
    assert "coverage" in added["fluent_datasources"]
    assert (tmp_path / added["plugins_directory"] / "cross_layer/__init__.py").is_file()
    site = "cross_layer" if had.get("data_docs_sites") else "local_site"
    assert added["data_docs_sites"][site]["class_name"] == "SelfContainedSite"
    assert complete(tmp_path) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("base_directory: expectations/", "base_directory: s/", "expectations_store is in 's/'"),
        (
            "TupleFilesystemStoreBackend, base_directory: expectations/",
            "TupleGCSStoreBackend, bucket: b",
            "expectations_store is in 'TupleGCSStoreBackend'",
        ),
        ("  shop:", "  coverage:", "fluent_datasources has a 'coverage' that is not ours"),
        ("  local_site:", "  cross_layer:", "data_docs_sites has a 'cross_layer' that is not ours"),
        ("config_version: 4.0", "datasources: {}", "is of Great Expectations 0.x (datasources)"),
        (OWN, "- a list", "is no configuration of a project"),
    ],
)
def test_what_stands_in_the_way_is_told_and_nothing_is_written(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    own = OWN.replace(before, after)
    path = tmp_path / "great_expectations.yml"
    path.write_text(own)
    with pytest.raises(ContractError) as refused:
        complete(tmp_path)
    assert told in str(refused.value)
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_text() == own


def test_our_pages_have_a_folder_of_their_own_in_a_fresh_clone_too(tmp_path: Path) -> None:
    (tmp_path / "great_expectations.yml").write_text(OWN)
    complete(tmp_path)
    shutil.rmtree(tmp_path / "uncommitted")
    complete(tmp_path)
    assert site_folder(tmp_path).name == "cross_layer"
