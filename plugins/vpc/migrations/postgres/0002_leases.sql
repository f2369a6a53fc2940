-- Which addresses are given out, and to whom. Addresses are numbers, as in an IPv4 header.

-- Projects that had their default network; it comes once.
CREATE TABLE project (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    created_ms BIGINT NOT NULL
);

-- Machines that have addresses. `id` is that of the instance.
CREATE TABLE machine (
    id BIGINT NOT NULL PRIMARY KEY,
    path TEXT COLLATE "C" NOT NULL UNIQUE,
    project TEXT COLLATE "C" NOT NULL,
    zone TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
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
    network TEXT COLLATE "C" NOT NULL,
    subnetwork TEXT COLLATE "C" NOT NULL,
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
    pool TEXT COLLATE "C" NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    -- Path of the address resource or of the instance that it was given to.
    owner TEXT COLLATE "C" NOT NULL,
    -- The machine that uses it.
    machine BIGINT REFERENCES machine (id) ON DELETE SET NULL,
    CHECK (first <= last),
    PRIMARY KEY (pool, first)
);
CREATE INDEX lease_by_owner ON lease (owner);
CREATE INDEX lease_by_machine ON lease (machine);

-- Bridges that were made for networks.
CREATE TABLE bridge (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    network TEXT COLLATE "C" NOT NULL,
    -- The bridge's own address, when it is there.
    gateway TEXT
);
CREATE INDEX bridge_by_network ON bridge (network);
