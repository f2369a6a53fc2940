-- Which objects somebody has set an IAM policy on. The host keeps policies by name, and a name may come again: a new object must
-- not have the policy of one that is gone.
-- The PostgreSQL and SQLite editions of this file say the same thing.

CREATE TABLE object_policies (
    bucket BIGINT NOT NULL REFERENCES buckets (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (bucket, name)
);
