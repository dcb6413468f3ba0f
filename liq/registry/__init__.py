"""The registry: only plans that were proved here, for the schema that is current here, may run.

See ``docs/registry.md``.
"""
