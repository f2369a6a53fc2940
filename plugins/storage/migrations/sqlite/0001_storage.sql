-- Cloud Storage's records: what the API shows of buckets, objects and their neighbours.
-- Times are milliseconds since 1970 (UTC), generations microseconds. JSON columns hold the wire form.
-- The PostgreSQL and SQLite editions of this file say the same thing.

CREATE TABLE buckets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    generation BIGINT NOT NULL,
    project TEXT NOT NULL,
    project_number BIGINT NOT NULL,
    metageneration BIGINT NOT NULL CHECK (metageneration > 0),
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    -- What clients set and what follows from it (effective times, locks): everything but the columns here.
    config TEXT NOT NULL,
    -- The highest notification number ever given.
    notification_seq BIGINT NOT NULL DEFAULT 0,
    soft_deleted_ms BIGINT,
    hard_delete_ms BIGINT,
    CHECK ((soft_deleted_ms IS NULL) = (hard_delete_ms IS NULL)),
    UNIQUE (name, generation)
);
-- A name belongs to one bucket; soft-deleted ones keep theirs only together with their generation.
CREATE UNIQUE INDEX buckets_live ON buckets (name) WHERE soft_deleted_ms IS NULL;
CREATE INDEX buckets_by_project ON buckets (project_number, name, generation);
CREATE INDEX buckets_expiry ON buckets (hard_delete_ms) WHERE hard_delete_ms IS NOT NULL;

CREATE TABLE objects (
    bucket BIGINT NOT NULL REFERENCES buckets (id) ON DELETE RESTRICT,
    name TEXT NOT NULL,
    generation BIGINT NOT NULL CHECK (generation > 0),
    metageneration BIGINT NOT NULL CHECK (metageneration > 0),
    state TEXT NOT NULL CHECK (state IN ('live', 'noncurrent', 'softdeleted')),
    -- The file that holds the bytes; empty objects may have none.
    file_id TEXT,
    size BIGINT NOT NULL CHECK (size >= 0),
    crc32c BIGINT NOT NULL CHECK (crc32c >= 0),
    md5 BLOB,
    content_type TEXT,
    content_encoding TEXT,
    content_language TEXT,
    content_disposition TEXT,
    cache_control TEXT,
    storage_class TEXT NOT NULL,
    metadata TEXT,
    contexts TEXT,
    acl TEXT,
    owner TEXT,
    component_count BIGINT CHECK (component_count > 0),
    key_sha256 TEXT,
    kms_key TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    class_updated_ms BIGINT NOT NULL,
    custom_time_ms BIGINT,
    temporary_hold BOOLEAN NOT NULL DEFAULT FALSE,
    event_based_hold BOOLEAN NOT NULL DEFAULT FALSE,
    -- When the event-based hold was last released: the bucket's retention period then begins anew.
    hold_released_ms BIGINT,
    retention_mode TEXT CHECK (retention_mode IN ('Unlocked', 'Locked')),
    retain_until_ms BIGINT,
    -- timeDeleted: when it stopped being the live generation.
    noncurrent_ms BIGINT,
    soft_deleted_ms BIGINT,
    hard_delete_ms BIGINT,
    restore_token TEXT,
    PRIMARY KEY (bucket, name, generation),
    CHECK ((state = 'softdeleted') = (hard_delete_ms IS NOT NULL)),
    CHECK ((retention_mode IS NULL) = (retain_until_ms IS NULL))
);
-- At most one live generation of a name; a page of a listing reads a page of this index.
CREATE UNIQUE INDEX objects_live ON objects (bucket, name) WHERE state = 'live';
-- versions=true, and lifecycle scans. Queries say `state <> 'softdeleted'` in these words.
CREATE INDEX objects_versions ON objects (bucket, name, generation) WHERE state <> 'softdeleted';
CREATE INDEX objects_softdeleted ON objects (bucket, name, generation) WHERE state = 'softdeleted';
CREATE INDEX objects_expiry ON objects (hard_delete_ms) WHERE state = 'softdeleted';
-- Whether a file is still in use, for the sweep.
CREATE INDEX objects_file ON objects (file_id);

-- Files whose rows are gone: unlinked after the commit, and again until it works.
CREATE TABLE removals (
    file_id TEXT NOT NULL PRIMARY KEY,
    queued_ms BIGINT NOT NULL
);
CREATE INDEX removals_queue ON removals (queued_ms, file_id);

-- Resumable uploads. The bytes are with the files capability under `upload`.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    bucket BIGINT NOT NULL REFERENCES buckets (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    upload TEXT,
    -- What the first request said: metadata, preconditions, checksums, declared size.
    request TEXT NOT NULL,
    -- The generation that it became, for a client that asks again.
    generation BIGINT,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX uploads_bucket ON uploads (bucket);
CREATE INDEX uploads_expiry ON uploads (expires_ms);

-- XML multipart uploads and their parts.
CREATE TABLE multipart_uploads (
    id TEXT NOT NULL PRIMARY KEY,
    bucket BIGINT NOT NULL REFERENCES buckets (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    request TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX multipart_uploads_by_name ON multipart_uploads (bucket, name, id);

CREATE TABLE multipart_parts (
    upload TEXT NOT NULL REFERENCES multipart_uploads (id) ON DELETE CASCADE,
    number BIGINT NOT NULL CHECK (number BETWEEN 1 AND 10000),
    file_id TEXT,
    size BIGINT NOT NULL CHECK (size >= 0),
    crc32c BIGINT NOT NULL,
    md5 BLOB NOT NULL,
    modified_ms BIGINT NOT NULL,
    PRIMARY KEY (upload, number)
);
CREATE INDEX multipart_parts_file ON multipart_parts (file_id);

CREATE TABLE notifications (
    bucket BIGINT NOT NULL REFERENCES buckets (id) ON DELETE CASCADE,
    number BIGINT NOT NULL CHECK (number > 0),
    config TEXT NOT NULL,
    PRIMARY KEY (bucket, number)
);

CREATE TABLE hmac_keys (
    access_id TEXT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    project_number BIGINT NOT NULL,
    service_account TEXT NOT NULL,
    -- Needed in clear to verify signatures; shown to a client once, when it is made; gone when the key is deleted.
    secret TEXT,
    state TEXT NOT NULL CHECK (state IN ('ACTIVE', 'INACTIVE', 'DELETED')),
    metageneration BIGINT NOT NULL CHECK (metageneration > 0),
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    CHECK ((state = 'DELETED') = (secret IS NULL))
);
CREATE INDEX hmac_keys_by_project ON hmac_keys (project_number, access_id);

CREATE TABLE managed_folders (
    bucket BIGINT NOT NULL REFERENCES buckets (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    metageneration BIGINT NOT NULL CHECK (metageneration > 0),
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (bucket, name)
);

-- Folders of buckets with a hierarchical namespace.
CREATE TABLE folders (
    bucket BIGINT NOT NULL REFERENCES buckets (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    metageneration BIGINT NOT NULL CHECK (metageneration > 0),
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (bucket, name)
);

-- How far a pass of the lifecycle rules over a bucket has come, so that one run stays short.
CREATE TABLE scans (
    bucket BIGINT NOT NULL PRIMARY KEY REFERENCES buckets (id) ON DELETE CASCADE,
    after_name TEXT NOT NULL,
    after_generation BIGINT NOT NULL
);
