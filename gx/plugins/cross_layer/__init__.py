"""The expectations of generated suites, for programs that load those themselves.

Great Expectations puts this folder on the module path and imports nothing of it: import
cross_layer before a suite or a checkpoint is loaded. Written by `checkpoints suites`.
"""

from checkpoints.plugin import *  # noqa: F403
