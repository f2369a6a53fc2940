-- Requests to the metadata server that wait for a change: what they know, and until when they wait.
CREATE TABLE watch (
    request TEXT NOT NULL PRIMARY KEY,
    etag TEXT NOT NULL,
    until_ms BIGINT NOT NULL
);
