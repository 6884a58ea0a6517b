"""Measurements against plain tools, side by side in one run; results are ratios, never asserted in tests."""
