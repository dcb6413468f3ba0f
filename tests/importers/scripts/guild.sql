-- Guilds publish editions of tools. Row security reads the token of PostgREST.
BEGIN;

CREATE TABLE guilds (
    id          UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name        TEXT NOT NULL UNIQUE,
    seal_key    BYTEA NOT NULL,           -- 32 bytes; more to come
    founded_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    closed_at   TIMESTAMPTZ
);

CREATE TABLE tools (
    id          UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name        TEXT NOT NULL UNIQUE CHECK (name LIKE 't-%'),
    summary     TEXT
);

CREATE TABLE editions (
    id          UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tool_id     UUID NOT NULL REFERENCES tools(id) ON DELETE CASCADE,
    label       TEXT NOT NULL,
    score       DOUBLE PRECISION NOT NULL CHECK (score >= 0 AND score <= 100),
    guild_id    UUID NOT NULL REFERENCES guilds(id),
    issued_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    withdrawn   BOOLEAN NOT NULL DEFAULT false,
    UNIQUE (tool_id, label)
);
CREATE INDEX idx_editions_issued ON editions (tool_id, issued_at DESC) WHERE NOT withdrawn;

CREATE TABLE marks (
    id          UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    edition_id  UUID NOT NULL REFERENCES editions(id) ON DELETE CASCADE,
    kind        TEXT NOT NULL,
    mark        BYTEA,
    UNIQUE (edition_id, kind)
);

CREATE TABLE guild_members (
    guild_id    UUID NOT NULL REFERENCES guilds(id) ON DELETE CASCADE,
    user_id     UUID NOT NULL,
    role        TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'member')),
    joined_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (guild_id, user_id)
);
CREATE INDEX idx_guild_members_user ON guild_members (user_id);

CREATE TABLE banned (
    id          UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tool_name   TEXT,
    digest      TEXT,
    CHECK (tool_name IS NOT NULL OR digest IS NOT NULL)
);

CREATE SCHEMA IF NOT EXISTS guild_auth;

CREATE OR REPLACE FUNCTION guild_auth.token() RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT COALESCE(NULLIF(current_setting('request.jwt.claims', true), '')::jsonb, '{}'::jsonb);
$$;
CREATE OR REPLACE FUNCTION guild_auth.role() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT COALESCE(NULLIF(guild_auth.token() ->> 'role', ''), NULLIF(current_setting('request.jwt.claim.role', true), ''), 'anon');
$$;
CREATE OR REPLACE FUNCTION guild_auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT NULLIF(COALESCE(NULLIF(guild_auth.token() ->> 'sub', ''), NULLIF(current_setting('request.jwt.claim.sub', true), '')), '')::uuid;
$$;
CREATE OR REPLACE FUNCTION guild_auth.guild_id() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT NULLIF(guild_auth.token() -> 'app_metadata' ->> 'guild_id', '')::uuid;
$$;
CREATE OR REPLACE FUNCTION guild_auth.is_service() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT guild_auth.role() = 'service_role';
$$;
CREATE OR REPLACE FUNCTION guild_auth.own_guild() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT COALESCE(
    guild_auth.guild_id(),
    (SELECT gm.guild_id FROM guild_members gm WHERE gm.user_id = guild_auth.uid() ORDER BY gm.joined_at, gm.guild_id LIMIT 1)
  );
$$;
CREATE OR REPLACE FUNCTION guild_auth.owns(guild uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT EXISTS (SELECT 1 FROM guild_members WHERE guild_id = guild AND user_id = guild_auth.uid() AND role = 'owner');
$$;

ALTER TABLE guilds ENABLE ROW LEVEL SECURITY;
ALTER TABLE tools ENABLE ROW LEVEL SECURITY;
ALTER TABLE editions ENABLE ROW LEVEL SECURITY;
ALTER TABLE marks ENABLE ROW LEVEL SECURITY;
ALTER TABLE guild_members ENABLE ROW LEVEL SECURITY;

CREATE POLICY service_guilds ON guilds FOR ALL USING (guild_auth.is_service()) WITH CHECK (guild_auth.is_service());
CREATE POLICY service_editions ON editions FOR ALL USING (guild_auth.is_service()) WITH CHECK (guild_auth.is_service());
CREATE POLICY service_marks ON marks FOR ALL USING (guild_auth.is_service()) WITH CHECK (guild_auth.is_service());
CREATE POLICY service_members ON guild_members FOR ALL USING (guild_auth.is_service());
CREATE POLICY public_guilds ON guilds FOR SELECT USING (closed_at IS NULL);
CREATE POLICY own_guild ON guilds FOR SELECT
    USING (guild_auth.own_guild() IS NOT NULL AND id = guild_auth.own_guild());
CREATE POLICY public_tools ON tools FOR SELECT USING (true);
CREATE POLICY public_editions ON editions FOR SELECT USING (NOT withdrawn);
CREATE POLICY insert_editions ON editions FOR INSERT
    WITH CHECK (guild_auth.own_guild() IS NOT NULL AND guild_id = guild_auth.own_guild());
CREATE POLICY update_editions ON editions FOR UPDATE
    USING (guild_id = guild_auth.own_guild()) WITH CHECK (guild_id = guild_auth.own_guild());
CREATE POLICY delete_editions ON editions FOR DELETE TO authenticated USING (guild_auth.owns(guild_id));
CREATE POLICY read_marks ON marks FOR SELECT TO authenticated, service_role
    USING (EXISTS (SELECT 1 FROM editions e WHERE e.id = edition_id));
CREATE POLICY insert_marks ON marks FOR INSERT
    WITH CHECK (EXISTS (SELECT 1 FROM editions e WHERE e.id = edition_id AND e.guild_id = guild_auth.own_guild()));
CREATE POLICY no_drafts ON marks AS RESTRICTIVE FOR ALL USING (kind <> 'draft' OR guild_auth.is_service());
CREATE POLICY own_membership ON guild_members FOR SELECT USING (user_id = guild_auth.uid());
CREATE POLICY manage_members ON guild_members FOR ALL
    USING (guild_id = guild_auth.own_guild() AND guild_auth.owns(guild_id));

CREATE TABLE applied (version TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now());
INSERT INTO applied (version, checksum) VALUES ('001; guild', 'pending');

ALTER TABLE editions ADD COLUMN IF NOT EXISTS source_kind TEXT;
ALTER TABLE editions DROP CONSTRAINT IF EXISTS editions_source_kind_check;
ALTER TABLE editions ADD CONSTRAINT editions_source_kind_check
    CHECK (source_kind IS NULL OR source_kind IN ('git', 'guild', 'path'));
INSERT INTO applied (version, checksum) VALUES ('002_kind', 'pending') ON CONFLICT (version) DO NOTHING;

COMMIT;
