-- A dashboard's tables: JSON payloads, singletons, partial and descending indexes.
create extension if not exists "pgcrypto";

create type public.run_state as enum ('queued', 'running', 'done', 'timed-out');

create table public.runs (
  run_id text primary key,
  agent text not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  state public.run_state not null default 'queued',
  backend text,
  duration_ms integer,
  pr_urls jsonb not null default '[]'::jsonb,
  meta jsonb not null default '{}'::jsonb,
  tags text[] not null default '{}',
  cost numeric(12, 4) default 0,
  created_at timestamptz not null default now()
);
create index runs_agent_started_idx on public.runs (agent, started_at desc);
create index runs_started_idx on public.runs (started_at desc nulls last);
create index runs_real_idx on public.runs (agent) where backend is distinct from 'mock';

create table public.run_events (
  id bigint generated always as identity primary key,
  run_id text not null references public.runs (run_id) on delete cascade,
  seq integer not null,
  payload jsonb,
  unique (run_id, seq)
);

create table public.state (
  id integer primary key default 1 check (id = 1),
  payload jsonb not null
);

create table public.reports (
  id uuid primary key default gen_random_uuid (),
  briefing text not null,
  is_latest boolean not null default false
);
create unique index reports_latest_idx on public.reports (is_latest) where is_latest;

create table public.rollouts (
  id bigserial primary key,
  run_id text references public.runs (run_id) on delete set null,
  previous_run_id text references public.runs (run_id),
  kind varchar(20) not null default 'kit',
  note text
);
create index rollouts_note_idx on public.rollouts using gin (to_tsvector('english', note));
create index rollouts_lower_idx on public.rollouts (lower(note), kind desc);
create index runs_meta_gin on public.runs using gin (meta);

alter table public.runs enable row level security;
alter table public.state enable row level security;
alter table public.reports enable row level security;
create policy "service all runs" on public.runs for all using (true) with check (true);
create policy "service all state" on public.state for all using (true) with check (true);

alter table public.runs
  add column if not exists input jsonb,
  add column if not exists trace jsonb;
comment on table public.runs is 'One row per run.
Newest matter most.';
comment on column public.runs.trace is 'Thinking, tool steps, edits';
alter table public.rollouts rename column note to remark;
alter table public.rollouts alter column kind set default 'all';
