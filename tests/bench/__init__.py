"""Measured, never asserted: medians as ratios, interleaved in one run. ``make bench``."""
