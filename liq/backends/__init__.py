"""Running plans elsewhere: PostgreSQL, DuckDB."""
