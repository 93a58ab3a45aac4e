"""Measurements: ratios to the least that Python can do, in one run."""
