"""Typed IR to physical plan, and to parameterised SQL."""
