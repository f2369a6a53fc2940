//! From what was written to what it means. Every check notes what is wrong and goes on.

use super::layers::{ConfigErrors, Layers, Raw};
use super::{
    AuthMode, Config, DataFolder, Database, LogFormat, MetricsAccess, Origins, ServerLimits, Tls, docker, plugins,
    units,
};
use crate::plugin::manifest::{Limits, template};
use crate::tenant::Quotas;
use crate::tls::Identity;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The configuration that is built in: variables for every client, which follow from no service, and images.
const DEFAULTS: &str = include_str!("defaults.toml");

pub(super) fn config(layers: Layers) -> Result<Config, ConfigErrors> {
    let Layers { values, mut tables, file, errors } = layers;
    let mut check = Check { values, errors };
    let mut named: Vec<String> = Vec::new();
    let plugins = plugins::read_all(tables.remove("plugins").unwrap_or_default(), &mut named);
    let images = tables.remove("docker.images").unwrap_or_default();
    let images = docker::images(defaults("docker").get("images"), images, &mut named);
    let env = env(tables.remove("env").unwrap_or_default(), &mut named);
    check.errors.extend(named.into_iter().map(|error| format!("{file}: {error}")));
    let parts = (data(&mut check), server_limits(&mut check), caps(&mut check), quotas(&mut check));
    let listen = check.one("listen", address);
    let tls = check.all("tls", tls);
    let tls_names = check.list("tls-names", tls_name);
    let database = check.one("database", database);
    let watch = check.one("watch", parsed("true or false"));
    let log_format = check.one("log-format", log_format);
    let log = check.one("log", log_filter);
    let default_project = check.one("default-project", project);
    let trusted_proxies = check.list("trusted-proxies", parsed("an IP address"));
    let cors_origins = check.all("cors-origins", |texts| Origins::parse(texts.iter().map(String::as_str)));
    let auth = check.one("auth", auth);
    let metrics = check.one("metrics", metrics);
    let administrators = check.list("administrators", member);
    let disk_reserve = check.one("disk-reserve", units::size);
    let max_tenants = check.one("limits.tenants", positive);
    let max_databases = check.one("limits.databases", positive);
    let docker = docker::docker(&mut check, images);
    let explicit_grants = check.one("grants", grants);
    let plugins_dir = folder(&mut check);
    let seed = check.optional("seed").map(PathBuf::from);
    let config = (|| {
        Some(Config {
            listen: listen?,
            tls: tls?,
            tls_names: tls_names?,
            data: parts.0?,
            database: database?,
            plugins_dir,
            watch: watch?,
            seed,
            log_format: log_format?,
            log: log?,
            default_project: default_project?,
            trusted_proxies: trusted_proxies?,
            cors_origins: cors_origins?,
            auth: auth?,
            metrics: metrics?,
            administrators: administrators?,
            disk_reserve: disk_reserve?,
            limits: parts.1?,
            plugin_caps: parts.2?,
            quotas: parts.3?,
            max_tenants: max_tenants? as usize,
            max_databases: max_databases? as usize,
            explicit_grants: explicit_grants?,
            docker: docker?,
            plugins,
            env,
        })
    })();
    if let Some(config) = &config
        && config.watch
        && config.plugins_dir.is_none()
    {
        check.errors.push("watch: there is no plugins-dir to watch".into());
    }
    match config {
        Some(config) if check.errors.is_empty() => Ok(config),
        _ => Err(ConfigErrors(check.into_errors())),
    }
}

pub(super) struct Check {
    values: BTreeMap<&'static str, Raw>,
    errors: Vec<String>,
}

impl Check {
    /// A setting with one value, which has to be there.
    pub(super) fn one<T>(&mut self, name: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        // A single value may hold a comma, which is no separator here.
        self.all(name, |values| if values.is_empty() { Err("is empty".into()) } else { read(&values.join(",")) })
    }

    pub(super) fn list<T>(&mut self, name: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        self.all(name, |values| values.iter().map(|value| read(value)).collect())
    }

    fn all<T>(&mut self, name: &'static str, read: impl Fn(&[String]) -> Result<T, String>) -> Option<T> {
        let empty = Raw { values: vec![], source: name.to_owned() };
        let raw = self.values.get(name).unwrap_or(&empty);
        read(&raw.values).map_err(|why| self.errors.push(format!("{}: {why}", raw.source))).ok()
    }

    pub(super) fn optional(&mut self, name: &'static str) -> Option<String> {
        let raw = self.values.get(name)?;
        // A path may hold a comma.
        Some(raw.values.join(",")).filter(|text| !text.is_empty())
    }

    /// The errors once each: a setting may be looked at twice.
    fn into_errors(self) -> Vec<String> {
        let mut seen = Vec::with_capacity(self.errors.len());
        for error in self.errors {
            if !seen.contains(&error) {
                seen.push(error);
            }
        }
        seen
    }
}

pub(super) fn parsed<T: FromStr>(what: &'static str) -> impl Fn(&str) -> Result<T, String> {
    move |text| text.parse().map_err(|_| format!("`{text}` is not {what}"))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let bare = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let text = bare.unwrap_or(text).replacen("localhost:", "127.0.0.1:", 1);
    text.parse().map_err(|_| format!("`{text}` is no ADDRESS:PORT, such as 127.0.0.1:8080"))
}

fn tls(values: &[String]) -> Result<Tls, String> {
    let texts: Vec<&str> = values.iter().map(String::as_str).collect();
    match texts.as_slice() {
        ["off"] => Ok(Tls::Off),
        ["self-signed"] => Ok(Tls::SelfSigned),
        [certificate, key] => {
            let (certificate, key) = (PathBuf::from(certificate), PathBuf::from(key));
            Identity::read(&certificate, &key).and_then(|identity| identity.server())?;
            Ok(Tls::Files { certificate, key })
        }
        _ => Err(format!("`{}` is neither `off` nor `self-signed` nor CERT.pem,KEY.pem", texts.join(","))),
    }
}

/// A host name, `*.` before one, or an address.
fn tls_name(text: &str) -> Result<String, String> {
    let plain = text.strip_prefix("*.").unwrap_or(text);
    let name = rustls::pki_types::ServerName::try_from(plain);
    name.map(|_| text.to_owned()).map_err(|_| format!("`{text}` is neither a host name nor an address"))
}

fn database(text: &str) -> Result<Database, String> {
    if text == "sqlite" {
        return Ok(Database::Sqlite);
    }
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"));
    // The URL may hold a password, so it is not repeated.
    url.map(|url| Database::Postgres(url.into())).ok_or_else(|| "is neither `sqlite` nor postgres://...".into())
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("`{text}` is neither `human` nor `json`")),
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    let filter = tracing_subscriber::EnvFilter::try_new(text);
    filter.map(|_| text.to_owned()).map_err(|error| format!("`{text}` is no filter: {error}"))
}

fn metrics(text: &str) -> Result<MetricsAccess, String> {
    match text {
        "open" => Ok(MetricsAccess::Open),
        "local" => Ok(MetricsAccess::Local),
        "administrators" => Ok(MetricsAccess::Administrators),
        _ => Err(format!("`{text}` is none of `open`, `local` and `administrators`")),
    }
}

fn auth(text: &str) -> Result<AuthMode, String> {
    match text {
        "off" => Ok(AuthMode::Off),
        "optional" => Ok(AuthMode::Optional),
        "required" => Ok(AuthMode::Required),
        "audit" => Ok(AuthMode::Audit),
        _ => Err(format!("`{text}` is none of `off`, `optional`, `required`, `audit`")),
    }
}

fn member(text: &str) -> Result<String, String> {
    let named = ["user:", "serviceAccount:"].iter().find_map(|kind| text.strip_prefix(kind));
    let fine = named.is_some_and(|email| email.contains('@') && !email.contains(char::is_whitespace));
    fine.then(|| text.to_owned()).ok_or_else(|| format!("`{text}` is no `user:EMAIL` or `serviceAccount:EMAIL`"))
}

fn project(text: &str) -> Result<String, String> {
    let fine = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:".contains(c));
    fine.then(|| text.to_owned()).ok_or_else(|| format!("`{text}` is no project id"))
}

fn grants(text: &str) -> Result<bool, String> {
    match text {
        "as-asked" => Ok(false),
        "explicit" => Ok(true),
        _ => Err(format!("`{text}` is neither `as-asked` nor `explicit`")),
    }
}

fn data(check: &mut Check) -> Option<DataFolder> {
    let ephemeral = check.one("ephemeral", parsed("true or false"))?;
    match (check.optional("data"), ephemeral) {
        (Some(_), true) => {
            check.errors.push("ephemeral: a data folder is given as well".into());
            None
        }
        (None, true) => Some(DataFolder::Ephemeral),
        (Some(path), false) => Some(DataFolder::At(path.into())),
        (None, false) => platform_folder().map(DataFolder::At).or_else(|| {
            check.errors.push("data: this account has no home for data; give a folder".into());
            None
        }),
    }
}

fn platform_folder() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "fogbank")?.data_dir().to_owned())
}

fn folder(check: &mut Check) -> Option<PathBuf> {
    let folder = PathBuf::from(check.optional("plugins-dir")?);
    if !folder.is_dir() {
        check.errors.push(format!("plugins-dir: {} is no folder", folder.display()));
    }
    Some(folder)
}

fn server_limits(check: &mut Check) -> Option<ServerLimits> {
    let count = |text: &str| positive(text).map(|number| number as usize);
    // hyper's buffer holds a head; it refuses less than 8 KiB.
    let head = |text: &str| between(units::size(text)?, 8 << 10, 16 << 20).map(|bytes| bytes as usize);
    let limits = (
        check.one("limits.head", head),
        check.one("limits.connections", count),
        check.one("limits.header-timeout", positive_time),
        check.one("limits.idle", positive_time),
        check.one("limits.body", units::size),
        check.one("limits.in-flight", count),
        check.one("limits.drain", units::time),
        check.one("limits.per-caller", parsed::<u32>("a whole number")),
    );
    Some(ServerLimits {
        max_head: limits.0?,
        max_connections: limits.1?,
        header_timeout: limits.2?,
        idle: limits.3?,
        max_body: limits.4?,
        in_flight: limits.5?,
        drain: limits.6?,
        per_caller: limits.7.map(|rate| (rate > 0).then_some(rate))?,
    })
}

fn caps(check: &mut Check) -> Option<Limits> {
    let memory = check.one("limits.plugin-memory", units::size);
    let cpu = check.one("limits.plugin-cpu", positive_time);
    let wall = check.one("limits.plugin-wall", positive_time);
    Some(Limits { memory: memory?, cpu: cpu?, wall: wall?, body: u64::MAX })
}

fn quotas(check: &mut Check) -> Option<Quotas> {
    let number = parsed::<u32>("a whole number");
    let some = |number: u32| (number > 0).then_some(number);
    let size = |bytes: u64| (bytes > 0).then_some(bytes);
    let in_flight = check.one("quotas.in-flight", &number);
    let per_second = check.one("quotas.per-second", &number);
    let bytes = check.one("quotas.bytes", units::size);
    let body = check.one("quotas.body", units::size);
    let cpu_percent = check.one("quotas.cpu-percent", &number);
    let containers = check.one("quotas.containers", &number);
    Some(Quotas {
        in_flight: some(in_flight?),
        per_second: some(per_second?),
        bytes: size(bytes?),
        body: size(body?),
        cpu_percent: some(cpu_percent?),
        containers: some(containers?),
    })
}

fn positive(text: &str) -> Result<u64, String> {
    let number = text.parse::<u32>().ok().filter(|number| *number > 0);
    number.map(u64::from).ok_or_else(|| format!("`{text}` is no whole number above 0"))
}

pub(super) fn positive_time(text: &str) -> Result<Duration, String> {
    units::time(text).and_then(|time| if time.is_zero() { Err("cannot be nothing".into()) } else { Ok(time) })
}

fn between<T: PartialOrd + Display>(value: T, low: T, high: T) -> Result<T, String> {
    match value >= low && value <= high {
        true => Ok(value),
        false => Err(format!("{value} is not between {low} and {high}")),
    }
}

/// A table of the configuration that is built in.
fn defaults(table: &str) -> toml::Table {
    let defaults: toml::Table = DEFAULTS.parse().unwrap_or_default();
    defaults.get(table).and_then(toml::Value::as_table).cloned().unwrap_or_default()
}

fn env(own: toml::Table, errors: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    for (name, value) in defaults("env").into_iter().chain(own) {
        match value {
            toml::Value::String(text) => match template::check_setting(&text) {
                Ok(()) => drop(env.insert(name, text)),
                Err(why) => errors.push(format!("env.{name}: {why}")),
            },
            _ => errors.push(format!("env.{name}: write a string")),
        }
    }
    env
}
