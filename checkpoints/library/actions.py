"""What a checkpoint does once it has judged."""

from __future__ import annotations

from typing import Literal

from great_expectations.checkpoint.actions import UpdateDataDocsAction

from checkpoints.library.suites import DOCS_ACTION


class UpdateCrossLayerDocs(UpdateDataDocsAction):
    """Write the Data Docs pages.

    Only our plugin imports this module: a checkpoint that names the action does not load without.
    """

    type: Literal["update_cross_layer_docs"] = DOCS_ACTION  # type: ignore[assignment]
