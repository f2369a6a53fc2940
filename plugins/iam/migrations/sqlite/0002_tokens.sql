-- Tokens: what they are signed with, and what is kept of those that were given out.
-- Times are milliseconds since 1970 (UTC). Digests are SHA-256 in hexadecimal: what they are of is nowhere.
-- The PostgreSQL and SQLite editions of this file say the same thing.

CREATE TABLE secrets (
    -- 'access-tokens'.
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
);

CREATE TABLE signing_keys (
    -- Forty hexadecimal digits: the kid of ID tokens.
    id TEXT NOT NULL PRIMARY KEY,
    -- PKCS #8, DER.
    private_key BLOB NOT NULL,
    -- X.509, PEM.
    certificate TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    -- What it signed is verified until then.
    valid_before_ms BIGINT NOT NULL
);
CREATE INDEX signing_keys_age ON signing_keys (created_ms);

CREATE TABLE refresh_tokens (
    digest TEXT NOT NULL PRIMARY KEY,
    -- user:ann@example.com, serviceAccount:...
    member TEXT NOT NULL,
    project TEXT,
    scope TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_ms);

CREATE TABLE revoked_tokens (
    -- jti of an access token.
    id TEXT NOT NULL PRIMARY KEY,
    -- When it would have ended by itself.
    expires_ms BIGINT NOT NULL
);
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_ms);

-- Fogbank's own API keys, which stand for somebody.
CREATE TABLE caller_keys (
    id TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    -- The first characters of the key, to tell keys apart by.
    hint TEXT NOT NULL,
    member TEXT NOT NULL,
    project TEXT,
    display_name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    last_used_ms BIGINT,
    revoked_ms BIGINT
);
CREATE INDEX caller_keys_created ON caller_keys (created_ms, id);
