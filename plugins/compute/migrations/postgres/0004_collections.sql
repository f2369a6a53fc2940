-- Instances of all projects are counted, and groups of all projects are looked at.
CREATE INDEX resource_by_collection ON resource (collection);
