"""The contract that plans are made under."""

from __future__ import annotations

import pytest

from checkpoints.contract.model import Contract
from tests.support.scripted_service import raw_contract
from tests.support.warehouses import contract_of


@pytest.fixture(scope="package")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    folder = tmp_path_factory.mktemp("contract")
    return contract_of(folder, raw_contract("http://127.0.0.1:1", folder / "w.duckdb")).contract
