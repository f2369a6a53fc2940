CREATE TABLE resource (
    path TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    project TEXT COLLATE "C" NOT NULL,
    collection TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    id BIGINT NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX resource_by_name ON resource (project, collection, scope, name);
CREATE INDEX resource_by_age ON resource (project, collection, created_ms);

-- Which resource refers to which, so that nothing is deleted that something else needs.
CREATE TABLE link (
    source TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, target)
);
CREATE INDEX link_by_target ON link (target);

-- Requests that clients may send again, by their own ids.
CREATE TABLE request (
    project TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (project, id)
);
CREATE INDEX request_by_age ON request (created_ms);
