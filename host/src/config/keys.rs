//! The settings that exist, each with its default and its explanation: one list for file, environment, flags and help.

/// A setting with a single value (or a list, with commas outside of the file).
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// In the file: `listen`, `limits.drain`.
    pub name: &'static str,
    /// Empty where there is none.
    pub default: &'static str,
    pub help: &'static str,
}

const fn key(name: &'static str, default: &'static str, help: &'static str) -> Key {
    Key { name, default, help }
}

/// All of them.
pub const KEYS: [Key; 47] = [
    key("listen", "127.0.0.1:8080", "address and port; port 0 picks a free one"),
    key("tls", "off", "`off`, `self-signed` (kept in the data folder), or CERT.pem,KEY.pem"),
    key(
        "tls-names",
        "",
        "host names and addresses that the self-signed certificate is for, beside those of this machine",
    ),
    key("data", "", "data folder; by default the platform's"),
    key("ephemeral", "false", "data in a temporary folder that is removed at the end"),
    key("database", "sqlite", "`sqlite`, or the URL of a PostgreSQL database"),
    key("plugins-dir", "", "folder with a folder for each service, added to the embedded ones"),
    key("watch", "false", "take up changes in plugins-dir while running"),
    key("seed", "", "file with requests to play before the server is ready"),
    key("log-format", "human", "`human` or `json`"),
    key("log", "info", "what is logged: a level, or target=level with commas"),
    key("default-project", "demo-project", "project of a client that names none"),
    key("trusted-proxies", "", "addresses that may set X-Forwarded-*"),
    key(
        "cors-origins",
        "http://localhost:*,https://localhost:*,http://127.0.0.1:*,https://127.0.0.1:*",
        "origins of browsers that may call; `*` for all but `null`, `http://host:*` for every port",
    ),
    key(
        "auth",
        "off",
        "`off`, `optional`, `required` or `audit`: whether callers are asked who they are and whether they may",
    ),
    key("administrators", "", "who may do everything: `user:ann@example.com`, with commas"),
    key(
        "metrics",
        "local",
        "who may read /_fogbank/metrics: `open` for all, `administrators`, or `local`: this machine while auth is off, else administrators",
    ),
    key("disk-reserve", "256MiB", "bytes that stay free on the disk"),
    key("grants", "as-asked", "`as-asked`, or `explicit`: services of plugins-dir get only what [plugins.NAME] grants"),
    key(
        "compute",
        "docker",
        "`docker`: machines are containers; `metadata`: they are records that change state, and nothing runs",
    ),
    key(
        "docker.host",
        "",
        "the container engine: unix:///PATH or tcp://HOST:PORT; by default DOCKER_HOST, else its usual socket",
    ),
    key("docker.allow", "", "images that may be used beside those of [docker.images]; `*` is any run of characters"),
    key("docker.pull", "missing", "`missing`: images that are not there are pulled; `never`"),
    key("docker.pool", "198.18.0.0/15", "addresses from which bridges get ranges of 256; no VPC may use them"),
    key("docker.rights", "administer-networks,join", "what services get of this that ask for it; `none`"),
    key("docker.patience", "700ms", "until a container engine that says nothing counts as gone"),
    key("docker.timeout", "60s", "how long one call of the container engine may take"),
    key("docker.transfer-timeout", "15m", "how long a pull, an import or a commit of an image may take"),
    key("limits.head", "64KiB", "bytes of a request's head"),
    key("limits.connections", "4096", "connections at once"),
    key("limits.header-timeout", "15s", "until a request's head is there"),
    key("limits.idle", "60s", "how long a body may stand still"),
    key("limits.body", "5TiB", "bytes of a request's body"),
    key("limits.in-flight", "2048", "requests at once"),
    key("limits.per-caller", "0", "requests of one caller in a second, and at once; 0 for no limit"),
    key("limits.drain", "10s", "how long a stopping server waits for requests in hand"),
    key("limits.plugin-memory", "1GiB", "the most memory that a service may ask for"),
    key("limits.plugin-cpu", "5m", "the most processor time for a request"),
    key("limits.plugin-wall", "24h", "the most time without progress for a request"),
    key("quotas.in-flight", "0", "requests of one tenant at once; 0 for no limit"),
    key("quotas.per-second", "0", "requests of one tenant in a second; 0 for no limit"),
    key("quotas.bytes", "0", "stored bytes of one tenant; 0 for no limit"),
    key("quotas.body", "0", "bytes of one request's body of a tenant; 0 for no limit"),
    key("quotas.cpu-percent", "0", "processor time of one tenant, 100 for one processor; 0 for no limit"),
    key("quotas.containers", "0", "containers of one tenant; 0 for no limit"),
    key("limits.tenants", "1000", "how many tenants there may be"),
    key("limits.databases", "256", "databases open at once"),
];

/// The variable of a setting: `limits.drain` is `FOGBANK_LIMITS_DRAIN`.
pub(super) fn variable(name: &str) -> String {
    format!("FOGBANK_{}", name.replace(['.', '-'], "_").to_ascii_uppercase())
}
