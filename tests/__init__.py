"""The suites. A package, so that `tests.gen` and the campaigns import the same way everywhere."""
