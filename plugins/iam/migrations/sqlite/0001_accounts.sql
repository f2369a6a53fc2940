-- IAM's records: service accounts and keys, custom roles, workload identity pools, deny policies, API keys.
-- Times are milliseconds since 1970 (UTC). JSON columns hold the wire form.
-- The PostgreSQL and SQLite editions of this file say the same thing.

CREATE TABLE accounts (
    -- 21 digits; also what a client may name the account by.
    unique_id TEXT NOT NULL PRIMARY KEY,
    -- The project's id.
    project TEXT NOT NULL,
    email TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL,
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    -- Counts changes, for the etag.
    revision BIGINT NOT NULL CHECK (revision > 0),
    created_ms BIGINT NOT NULL,
    deleted_ms BIGINT
);
-- A deleted account leaves its address to the next one of that name.
CREATE UNIQUE INDEX accounts_live ON accounts (email) WHERE deleted_ms IS NULL;
CREATE INDEX accounts_by_project ON accounts (project, email) WHERE deleted_ms IS NULL;
CREATE INDEX accounts_expiry ON accounts (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE account_keys (
    account TEXT NOT NULL REFERENCES accounts (unique_id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('USER_MANAGED', 'SYSTEM_MANAGED')),
    origin TEXT NOT NULL CHECK (origin IN ('GOOGLE_PROVIDED', 'USER_PROVIDED')),
    algorithm TEXT NOT NULL,
    -- SubjectPublicKeyInfo, DER.
    public_key BLOB NOT NULL,
    -- X.509, PEM.
    certificate TEXT NOT NULL,
    -- PKCS #8, PEM; only of keys that sign here. The private half of a client's key is given out once and not kept.
    private_key TEXT,
    valid_after_ms BIGINT NOT NULL,
    valid_before_ms BIGINT NOT NULL,
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (account, id),
    CHECK ((kind = 'SYSTEM_MANAGED') = (private_key IS NOT NULL))
);
CREATE INDEX account_keys_expiry ON account_keys (valid_before_ms) WHERE kind = 'SYSTEM_MANAGED';

CREATE TABLE custom_roles (
    -- projects/ID or organizations/NUMBER.
    parent TEXT NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    stage TEXT NOT NULL,
    -- A JSON list of names.
    permissions TEXT NOT NULL,
    revision BIGINT NOT NULL CHECK (revision > 0),
    deleted_ms BIGINT,
    PRIMARY KEY (parent, id)
);
CREATE INDEX custom_roles_expiry ON custom_roles (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE pools (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    -- The project's number, which stands in names.
    number TEXT NOT NULL,
    config TEXT NOT NULL,
    deleted_ms BIGINT,
    PRIMARY KEY (project, id)
);
CREATE INDEX pools_expiry ON pools (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE providers (
    project TEXT NOT NULL,
    pool TEXT NOT NULL,
    id TEXT NOT NULL,
    config TEXT NOT NULL,
    deleted_ms BIGINT,
    PRIMARY KEY (project, pool, id),
    FOREIGN KEY (project, pool) REFERENCES pools (project, id) ON DELETE CASCADE
);
CREATE INDEX providers_expiry ON providers (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE provider_keys (
    project TEXT NOT NULL,
    pool TEXT NOT NULL,
    provider TEXT NOT NULL,
    id TEXT NOT NULL,
    config TEXT NOT NULL,
    deleted_ms BIGINT,
    PRIMARY KEY (project, pool, provider, id),
    FOREIGN KEY (project, pool, provider) REFERENCES providers (project, pool, id) ON DELETE CASCADE
);
CREATE INDEX provider_keys_expiry ON provider_keys (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE deny_policies (
    -- What it is attached to, as a full resource name without the slashes in front; projects by id.
    attachment TEXT NOT NULL,
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    -- displayName, annotations, rules.
    config TEXT NOT NULL,
    revision BIGINT NOT NULL CHECK (revision > 0),
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (attachment, id)
);

CREATE TABLE api_keys (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    -- The project's number, which stands in names.
    number TEXT NOT NULL,
    uid TEXT NOT NULL,
    -- In clear because getKeyString shows it, as the real service does.
    key_string TEXT NOT NULL,
    -- SHA-256 of the string: what a caller's key is looked up by.
    digest BLOB NOT NULL UNIQUE,
    -- displayName, annotations, restrictions.
    config TEXT NOT NULL,
    service_account TEXT,
    revision BIGINT NOT NULL CHECK (revision > 0),
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    deleted_ms BIGINT,
    PRIMARY KEY (project, id)
);
CREATE INDEX api_keys_expiry ON api_keys (deleted_ms) WHERE deleted_ms IS NOT NULL;

-- Answers of operations that ended with the request that began them, for clients that ask again.
CREATE TABLE ended_operations (
    name TEXT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    document TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX ended_operations_age ON ended_operations (created_ms);
