-- Which addresses are given out, and to whom. Addresses are numbers, as in an IPv4 header.

-- Projects that had their default network; it comes once.
CREATE TABLE project (
    id TEXT NOT NULL PRIMARY KEY,
    created_ms BIGINT NOT NULL
);

-- Machines that have addresses. `id` is that of the instance.
CREATE TABLE machine (
    id BIGINT NOT NULL PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    zone TEXT NOT NULL,
    name TEXT NOT NULL,
    -- JSON lists of text.
    tags TEXT NOT NULL,
    accounts TEXT NOT NULL,
    can_ip_forward BIGINT NOT NULL DEFAULT 0,
    -- Whether its nic has to run.
    running BIGINT NOT NULL DEFAULT 0,
    -- Digest of the configuration that its nic has.
    applied TEXT
);
CREATE INDEX machine_by_name ON machine (project, name, zone);
CREATE INDEX machine_by_running ON machine (running, id);

CREATE TABLE nic (
    machine BIGINT NOT NULL REFERENCES machine (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    network TEXT NOT NULL,
    subnetwork TEXT NOT NULL,
    address BIGINT NOT NULL,
    -- As the API shows it, with links marked.
    document TEXT NOT NULL,
    PRIMARY KEY (machine, place)
);
CREATE INDEX nic_by_network ON nic (network, machine);
CREATE INDEX nic_by_subnetwork ON nic (subnetwork, machine);
CREATE INDEX nic_by_address ON nic (address);

-- Addresses and ranges that are not free. `pool` is the path of a subnetwork or of a network, or `external`.
CREATE TABLE lease (
    pool TEXT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    -- Path of the address resource or of the instance that it was given to.
    owner TEXT NOT NULL,
    -- The machine that uses it.
    machine BIGINT REFERENCES machine (id) ON DELETE SET NULL,
    CHECK (first <= last),
    PRIMARY KEY (pool, first)
);
CREATE INDEX lease_by_owner ON lease (owner);
CREATE INDEX lease_by_machine ON lease (machine);

-- Bridges that were made for networks.
CREATE TABLE bridge (
    name TEXT NOT NULL PRIMARY KEY,
    network TEXT NOT NULL,
    -- The bridge's own address, when it is there.
    gateway TEXT
);
CREATE INDEX bridge_by_network ON bridge (network);
