"""Custom expectations over the coverage table: thin wrappers of the rules of ``checkpoints``.

Importing this package registers them with Great Expectations. Without them it would drop what it
does not know from a suite, and pass it: the checkpoints name an action of this package, so that
they do not load without it.
"""

from checkpoints.library.actions import UpdateCrossLayerDocs
from checkpoints.plugin.expectations import PairEvidenceMetric, expectations_of
from checkpoints.rules.registry import RULES

EXPECTATIONS = expectations_of(RULES.values())

__all__ = ["EXPECTATIONS", "PairEvidenceMetric", "UpdateCrossLayerDocs"]
