"""Custom expectations over the coverage table: thin wrappers of the rules of ``checkpoints``.

Importing this package registers them with Great Expectations, which otherwise drops them from
the suites that name them.
"""

from checkpoints.rules.registry import RULES
from cross_layer.expectations import PairEvidenceMetric, expectations_of

EXPECTATIONS = expectations_of(RULES.values())

__all__ = ["EXPECTATIONS", "PairEvidenceMetric"]
