"""SQL DDL (PostgreSQL, SQLite) read into liq declarations. ``import_sql`` is the way in."""

from liq.importers.sql import Imported, import_sql

__all__ = ["Imported", "import_sql"]
