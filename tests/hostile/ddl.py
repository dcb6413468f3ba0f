"""Attacks by SQL: damaged dumps, imported. What comes out parses as what it is; what is lost is said."""

from __future__ import annotations

from typing import Final

from liq import front
from liq.importers import import_sql
from liq.model.source import Source
from liq_grammar import format_tree, parse
from tests.gen.rng import Rng
from tests.hostile.mutate import mutated, noise
from tests.hostile.outcome import Outcome, coded, demand, has_errors, shown

POSTGRES: Final = """
create type shipping_state as enum ('packed', 'sent', 'back again');
create table public.depots (
  id uuid primary key default gen_random_uuid(),
  code text not null unique check (code ~ '^[A-Z]{3}$'),
  opened_at timestamptz not null default now(),
  capacity numeric(12, 2) default 0.00 check (capacity >= 0)
);
create table "Parcels" (
  id bigint generated always as identity primary key,
  depot_id uuid not null references depots (id) on delete cascade,
  state shipping_state not null default 'packed',
  labels text[] not null default '{}',
  meta jsonb not null default '{}'::jsonb,
  weight double precision,
  note varchar(200) default 'it''s fragile',
  constraint parcels_weight check (weight > 0 and weight < 1e6 or note is not null),
  unique (depot_id, state)
);
create index parcels_open on "Parcels" (depot_id, weight desc nulls last) where state <> 'sent';
comment on table depots is 'Where parcels wait';
comment on column "Parcels".note is 'free text; may hold ''quotes''';
alter table "Parcels" add column sent_at timestamp with time zone;
alter table "Parcels" alter column note set not null;
alter table depots rename column capacity to room;
create function is_member(d uuid) returns boolean language sql stable as $$
  select exists (select 1 from depots where id = d and code = current_setting('app.code', true))
$$;
alter table "Parcels" enable row level security;
create policy own on "Parcels" for select to authenticated using (is_member(depot_id));
create policy adds on "Parcels" for insert with check (depot_id = (auth.jwt() ->> 'depot')::uuid);
create policy staff on "Parcels" as restrictive for all using (auth.uid() is not null);
create view open_parcels with (security_invoker = true) as
  select p.id, p.note, d.code from "Parcels" p join depots d on d.id = p.depot_id where p.state = 'packed';
create trigger touched before update on depots for each row execute function touch();
do $body$ begin perform 1; end $body$;
grant select on depots to anon;
insert into depots (code, room) values ('ABC', 10);
"""
SQLITE: Final = """
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS steps (
  id TEXT PRIMARY KEY, [plan id] TEXT NOT NULL REFERENCES plans(id) ON DELETE CASCADE,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active', 'done')),
  order_index INTEGER NOT NULL DEFAULT 0, "when" TEXT DEFAULT (datetime('now')), done INTEGER DEFAULT 0
) STRICT;
CREATE TABLE plans (id TEXT PRIMARY KEY, title TEXT NOT NULL, meta TEXT DEFAULT '{}', n INTEGER GENERATED ALWAYS AS (length(title))) WITHOUT ROWID;
CREATE UNIQUE INDEX steps_order ON steps ("plan id", order_index) WHERE done = 0;
CREATE VIRTUAL TABLE words USING fts5(title);
CREATE TRIGGER t AFTER INSERT ON steps BEGIN UPDATE plans SET title = NEW.id; SELECT CASE WHEN 1 THEN 2 END; END;
ALTER TABLE plans ADD COLUMN owner TEXT;
"""
CORPUS: Final = (("postgres", POSTGRES), ("sqlite", SQLITE))


def attack_sql(rng: Rng) -> Outcome:
    """A damaged dump in one of the dialects."""
    dialect, text = rng.pick(CORPUS)
    if rng.chance(0.1):
        text = noise(rng)
    else:
        text = mutated(rng, text, rng.pick(CORPUS)[1])[0]
    return check_sql(text, dialect)


def check_sql(text: str, dialect: str) -> Outcome:
    """Coded findings, and declarations that parse."""
    source = Source("dump.sql", text)
    made = import_sql([source], dialect)  # type: ignore[arg-type]
    codes = coded(made.diagnostics, {source.name: source})
    shown(made.diagnostics[:20], {source.name: source})
    text_made = format_tree(made.file)
    again = Source("imported.liq", text_made)
    demand(parse(again).tree == made.file, f"what was imported does not parse as what it is\n{text_made[:2_000]}")
    loaded = front.load_schema([again])
    coded(loaded.diagnostics, {again.name: again})
    sound = not has_errors(loaded.diagnostics)  # what is ill-typed in SQL is ill-typed in liq, and said there
    return Outcome("sql", not any(each.is_error for each in made.diagnostics), codes, (f"sql {dialect}", *(("imported schema loads",) if sound else ())), len(text))


