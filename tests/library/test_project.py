"""The Great Expectations project of a contract: what it lacks is written, what it has stays."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from checkpoints.archive.runs import site_folder
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
