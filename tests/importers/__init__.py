"""The import of SQL DDL."""
