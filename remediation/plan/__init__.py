"""From a run report to the smallest safe set of calls. Pure."""
