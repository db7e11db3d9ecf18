"""Measurements anybody can rerun: each compares, in one run, against the alternative, and prints ratios."""
