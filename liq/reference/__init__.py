"""The meaning of liq, executable: slow and obviously right. Every back end is tested against it.

Imports ``liq.model`` only.
"""
