"""Systems to figures, differences, intervals and tests."""
