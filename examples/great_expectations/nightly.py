"""The checkpoint that the shop had before, run by Great Expectations alone."""

import sys
from pathlib import Path

import great_expectations as gx


def main() -> int:
    """Run it, and say what it found; 1 where it failed."""
    context = gx.get_context(mode="file", project_root_dir=Path(__file__).parent)
    result = context.checkpoints.get("nightly").run()
    suites = result.describe_dict()["statistics"]["evaluated_validations"]
    checks = sum(len(found.results) for found in result.run_results.values())
    verdict = "passed" if result.success else "failed"
    print(f"nightly {verdict}: suites: {suites}, expectations: {checks}")
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main())
