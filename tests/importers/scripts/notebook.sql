-- A notebook of plans, for SQLite.
PRAGMA foreign_keys = ON;

CREATE TABLE IF NOT EXISTS _applied (id INTEGER PRIMARY KEY, filename TEXT UNIQUE, at TEXT DEFAULT CURRENT_TIMESTAMP);
INSERT OR IGNORE INTO _applied (filename) VALUES ('001; notebook.sql');

CREATE TABLE IF NOT EXISTS shelves (
  id          TEXT PRIMARY KEY,
  path        TEXT NOT NULL UNIQUE,
  parent_shelf_id TEXT REFERENCES shelves(id) ON DELETE SET NULL,
  created_at  TEXT NOT NULL DEFAULT (datetime('now')),
  profile     TEXT    -- JSON: { languages, ... }
);

CREATE TABLE IF NOT EXISTS notebooks (
  id          TEXT PRIMARY KEY,
  shelf_id    TEXT NOT NULL REFERENCES shelves(id) ON DELETE CASCADE,
  title       TEXT NOT NULL,
  category    TEXT NOT NULL DEFAULT 'idea' CHECK(category IN ('idea','task','log')),
  goals       TEXT NOT NULL DEFAULT '[]',
  paused_at   TEXT,
  pinned      INTEGER NOT NULL DEFAULT 0,
  hidden      BOOLEAN NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
  UNIQUE(shelf_id, title)
);

CREATE TABLE IF NOT EXISTS pages (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  notebook_id TEXT NOT NULL REFERENCES notebooks(id) ON DELETE CASCADE,
  parent_type TEXT NOT NULL DEFAULT 'notebook' CHECK(parent_type IN ('notebook','page')),
  parent_id   TEXT,
  body        TEXT NOT NULL DEFAULT '',
  written_at  TEXT NOT NULL DEFAULT (datetime('now')),
  UNIQUE(notebook_id, parent_type, parent_id)
);

CREATE TABLE IF NOT EXISTS pages_archive (
  id INTEGER PRIMARY KEY, notebook_id TEXT NOT NULL, body TEXT NOT NULL DEFAULT '', archived_at TEXT NOT NULL DEFAULT (datetime('now'))
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS idx_notebooks_shelf ON notebooks(shelf_id, category);
CREATE INDEX IF NOT EXISTS idx_notebooks_paused ON notebooks(paused_at) WHERE paused_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_pages_parent ON pages(parent_type, parent_id);

CREATE TRIGGER IF NOT EXISTS pages_touch AFTER UPDATE ON pages BEGIN
  UPDATE pages SET written_at = datetime('now') WHERE id = NEW.id;
  SELECT CASE WHEN NEW.body = ';' THEN RAISE(ABORT, 'no; body') END;
END;

-- A later migration that rebuilds a table, and fails where it copies rows.
CREATE TABLE IF NOT EXISTS pages_v2 (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  notebook_id TEXT NOT NULL REFERENCES notebooks(id) ON DELETE CASCADE,
  body        TEXT NOT NULL DEFAULT ''
);
INSERT OR IGNORE INTO pages_v2 (notebook_id, body) SELECT notebook_id, page_text FROM pages WHERE page_text IS NOT NULL;
DROP TABLE IF EXISTS pages;
ALTER TABLE pages_v2 RENAME TO pages;
CREATE INDEX IF NOT EXISTS idx_pages_notebook ON pages(notebook_id);
