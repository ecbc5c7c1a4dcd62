"""Helpers that assert on behalf of tests say what they saw, as tests do."""

import pytest

pytest.register_assert_rewrite("tests.support.browser")
