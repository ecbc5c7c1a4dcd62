"""The only place that knows Great Expectations."""
