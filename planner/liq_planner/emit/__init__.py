"""IR to parameterised SQL: built as sqlglot trees, finished per dialect, never assembled as text."""
