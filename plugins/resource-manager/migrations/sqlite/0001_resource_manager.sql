-- The resource hierarchy, its tags, and the services that projects use.
-- Times are milliseconds since 1970 (UTC). JSON columns hold the wire form.
-- The PostgreSQL and SQLite editions of this file say the same thing.

-- Organizations (which have no parent and come from the configuration) and folders.
CREATE TABLE containers (
    -- organizations/123, folders/456
    name TEXT NOT NULL PRIMARY KEY,
    parent TEXT REFERENCES containers (name) ON DELETE RESTRICT,
    display_name TEXT NOT NULL,
    -- directoryCustomerId of an organization
    customer TEXT,
    state TEXT NOT NULL CHECK (state IN ('ACTIVE', 'DELETE_REQUESTED')),
    -- Counts the changes: what the etag is made of.
    revision BIGINT NOT NULL DEFAULT 1,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    deleted_ms BIGINT,
    expires_ms BIGINT,
    CHECK ((parent IS NULL) = (name LIKE 'organizations/%')),
    CHECK ((state = 'ACTIVE') = (deleted_ms IS NULL)),
    CHECK ((deleted_ms IS NULL) = (expires_ms IS NULL))
);
-- Siblings have different names.
CREATE UNIQUE INDEX containers_siblings ON containers (parent, display_name) WHERE state = 'ACTIVE';
CREATE INDEX containers_by_parent ON containers (parent, display_name, name);
CREATE INDEX containers_expiry ON containers (expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TABLE projects (
    number BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    labels TEXT NOT NULL,
    parent TEXT REFERENCES containers (name) ON DELETE RESTRICT,
    state TEXT NOT NULL CHECK (state IN ('ACTIVE', 'DELETE_REQUESTED')),
    -- False for a project that sprang up because somebody asked for it; it can still be created, once.
    explicit BOOLEAN NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    deleted_ms BIGINT,
    expires_ms BIGINT,
    CHECK ((state = 'ACTIVE') = (deleted_ms IS NULL)),
    CHECK ((deleted_ms IS NULL) = (expires_ms IS NULL))
);
CREATE INDEX projects_by_parent ON projects (parent, display_name, number);
CREATE INDEX projects_expiry ON projects (expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TABLE liens (
    id TEXT NOT NULL PRIMARY KEY,
    project BIGINT NOT NULL REFERENCES projects (number) ON DELETE CASCADE,
    restrictions TEXT NOT NULL,
    reason TEXT NOT NULL,
    origin TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX liens_by_project ON liens (project, id);

-- What was said of a service in a project; what was not said follows from the services that are loaded.
CREATE TABLE services (
    project BIGINT NOT NULL REFERENCES projects (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (project, name)
);

CREATE TABLE tag_keys (
    id BIGINT NOT NULL PRIMARY KEY,
    -- organizations/123, projects/456 (a number); one of the next two columns says it again.
    parent TEXT NOT NULL,
    organization TEXT REFERENCES containers (name) ON DELETE RESTRICT,
    project BIGINT REFERENCES projects (number) ON DELETE RESTRICT,
    short_name TEXT NOT NULL,
    -- 123/environment, my-project/environment
    namespaced TEXT NOT NULL,
    description TEXT NOT NULL,
    -- purpose, purposeData, allowedValuesRegex
    config TEXT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    CHECK ((organization IS NULL) <> (project IS NULL)),
    UNIQUE (parent, short_name)
);
CREATE UNIQUE INDEX tag_keys_namespaced ON tag_keys (namespaced);
CREATE INDEX tag_keys_by_parent ON tag_keys (parent, id);
CREATE INDEX tag_keys_by_project ON tag_keys (project);
CREATE INDEX tag_keys_by_organization ON tag_keys (organization);

CREATE TABLE tag_values (
    id BIGINT NOT NULL PRIMARY KEY,
    tag_key BIGINT NOT NULL REFERENCES tag_keys (id) ON DELETE RESTRICT,
    short_name TEXT NOT NULL,
    description TEXT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    UNIQUE (tag_key, short_name)
);
CREATE INDEX tag_values_by_key ON tag_values (tag_key, id);

-- A resource has one value of a key.
CREATE TABLE tag_bindings (
    -- Full resource name; of a project the one with its number.
    resource TEXT NOT NULL,
    tag_key BIGINT NOT NULL REFERENCES tag_keys (id) ON DELETE RESTRICT,
    tag_value BIGINT NOT NULL REFERENCES tag_values (id) ON DELETE RESTRICT,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (resource, tag_key)
);
CREATE INDEX tag_bindings_by_value ON tag_bindings (tag_value);
CREATE INDEX tag_bindings_by_key ON tag_bindings (tag_key);

CREATE TABLE tag_holds (
    id BIGINT NOT NULL PRIMARY KEY,
    tag_value BIGINT NOT NULL REFERENCES tag_values (id) ON DELETE RESTRICT,
    holder TEXT NOT NULL,
    origin TEXT NOT NULL,
    help_link TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    UNIQUE (tag_value, holder, origin)
);
CREATE INDEX tag_holds_by_value ON tag_holds (tag_value, id);
