"""Custom expectations over the coverage table: thin wrappers of ``checkpoints.rules``.

Importing this package registers them with Great Expectations, which otherwise drops them from
the suites that name them.
"""

from cross_layer.expectations import (
    ExpectConversionRatioToBeAtLeast,
    ExpectDailyConversionRatioToBeAtLeast,
    ExpectDateGapToBeAtMost,
    ExpectNoNullKeys,
    ExpectNoOrphanKeys,
    ExpectRecentCoverageToBeAtLeast,
)
from cross_layer.metric import PairEvidenceMetric

__all__ = [
    "ExpectConversionRatioToBeAtLeast",
    "ExpectDailyConversionRatioToBeAtLeast",
    "ExpectDateGapToBeAtMost",
    "ExpectNoNullKeys",
    "ExpectNoOrphanKeys",
    "ExpectRecentCoverageToBeAtLeast",
    "PairEvidenceMetric",
]
