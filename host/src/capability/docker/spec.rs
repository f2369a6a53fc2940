//! What a container is to be, and how that is said to the engine: nothing of the machine's own is ever mounted, shared or
//! published, whatever a service asks for.

use super::archive::NewFile;
use super::config::Right;
use super::error::DockerError;
use super::names::{OWN, Owner, SPEC};
use super::{Docker, DockerUse};
use bollard::models::{
    ContainerCreateBody, ContainerUpdateBody, HostConfig, HostConfigLogConfig, Mount as EngineMount, MountType,
    MountVolumeOptions,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Where a container's file system comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageOf {
    /// What the operator puts in the place of this name.
    Mapped(String),
    /// One of the domain's own.
    Own(String),
}

/// What a container is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Networking {
    None,
    Network(String),
    Container(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub volume: String,
    pub path: String,
    pub read_only: bool,
}

/// Bounds of a container; 0 is no limit, in each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    pub memory_bytes: u64,
    /// Thousandths of a processor.
    pub cpu_millis: u32,
    pub processes: u32,
}

/// As `fogbank:docker/docker.new-container`.
#[derive(Debug, Clone)]
pub struct NewContainer {
    pub name: String,
    pub image: ImageOf,
    pub command: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub labels: Vec<(String, String)>,
    pub hostname: Option<String>,
    pub networking: Networking,
    pub dns: Vec<String>,
    pub dns_search: Vec<String>,
    pub mounts: Vec<Mount>,
    pub files: Vec<NewFile>,
    pub limits: Limits,
    pub administers_network: bool,
    pub stop_signal: Option<String>,
    pub stop_seconds: u32,
}

/// A container in the engine's terms.
pub struct Made {
    pub body: ContainerCreateBody,
    /// Of everything that was asked for, the files' content and what names stand for now among it.
    pub digest: String,
    /// The service's word for the image, and the engine's.
    image: (String, String),
}

impl Made {
    /// The error of a create: what is not found is the image.
    pub fn explain(&self, error: DockerError) -> DockerError {
        match error {
            DockerError::NotFound => super::images::missing(&self.image.0, &self.image.1),
            error => error,
        }
    }
}

/// The container in the engine's terms. What it names has to be the owner's and there.
pub async fn make(
    docker: &Docker,
    owner: &Owner,
    granted: &DockerUse,
    new: &NewContainer,
) -> Result<Made, DockerError> {
    check(granted, new)?;
    let (image, version) = image(docker, owner, &new.image).await?;
    let (network_mode, network) = network_mode(docker, owner, &new.networking).await?;
    let mounts = mounts(docker, owner, &new.mounts).await?;
    let digest = digest(new, &[&image.1, &version, &network]);
    let mut labels = docker.installation.labels(owner, &new.name);
    labels.insert(SPEC.to_owned(), digest.clone());
    labels.insert(OWN.to_owned(), json!(new.labels).to_string());
    let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let (entrypoint, arguments) = match new.command.split_first() {
        Some((program, arguments)) => (Some(vec![program.clone()]), Some(arguments.to_vec())),
        None => (None, None),
    };
    let joined = matches!(new.networking, Networking::Container(_));
    let body = ContainerCreateBody {
        image: Some(image.1.clone()),
        entrypoint,
        cmd: arguments,
        env: Some(new.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(labels),
        // The engine takes the other container's.
        hostname: new.hostname.clone().filter(|_| !joined),
        stop_signal: new.stop_signal.clone(),
        stop_timeout: Some(new.stop_seconds.into()),
        host_config: Some(HostConfig {
            mounts: Some(mounts),
            dns: some(&new.dns).filter(|_| !joined),
            dns_search: some(&new.dns_search).filter(|_| !joined),
            network_mode: Some(network_mode),
            log_config: Some(log_config()),
            ..new.limits.host_config(new.administers_network)
        }),
        ..Default::default()
    };
    Ok(Made { body, digest, image })
}

fn check(granted: &DockerUse, new: &NewContainer) -> Result<(), DockerError> {
    let joins = matches!(new.networking, Networking::Container(_));
    for (asked, right) in [(new.administers_network, Right::AdministerNetworks), (joins, Right::Join)] {
        if asked && !granted.rights.contains(&right) {
            let name = right.name();
            return Err(DockerError::NotAllowed(format!(
                "The service may not do this: `{name}` is not both asked for in its manifest and allowed (docker.rights)."
            )));
        }
    }
    Ok(())
}

/// The service's and the engine's name of the image, and which version of it that is now.
async fn image(docker: &Docker, owner: &Owner, image: &ImageOf) -> Result<((String, String), String), DockerError> {
    match image {
        ImageOf::Mapped(name) => {
            let engine = docker.allowed_image(name)?.to_owned();
            // An image that is pulled anew is no reason to replace what runs.
            Ok(((name.clone(), engine), String::new()))
        }
        ImageOf::Own(name) => {
            let (repository, tag) = docker.installation.image(owner, name)?;
            let reference = format!("{repository}:{tag}");
            let version = docker.image_version(&reference).await?;
            let missing = || DockerError::NoImage(format!("The service has made no image `{name}`."));
            Ok(((name.clone(), reference.clone()), version.ok_or_else(missing)?))
        }
    }
}

/// The engine's word for what it is connected to, and which one of that name that is now.
async fn network_mode(
    docker: &Docker,
    owner: &Owner,
    networking: &Networking,
) -> Result<(String, String), DockerError> {
    match networking {
        Networking::None => Ok(("none".to_owned(), String::new())),
        Networking::Network(name) => {
            let network = docker.own_network(owner, name).await?;
            Ok((network.engine_name, network.id))
        }
        Networking::Container(name) => {
            let id = docker.id_of(owner, name).await?;
            Ok((format!("container:{id}"), id.to_string()))
        }
    }
}

async fn mounts(docker: &Docker, owner: &Owner, mounts: &[Mount]) -> Result<Vec<EngineMount>, DockerError> {
    let mut made = Vec::with_capacity(mounts.len());
    for Mount { volume, path, read_only } in mounts {
        // The engine would make one that is not there, and take one that is somebody's.
        let source = docker.own_volume(owner, volume).await?;
        made.push(EngineMount {
            typ: Some(MountType::VOLUME),
            source: Some(source),
            target: Some(path.clone()),
            read_only: Some(*read_only),
            volume_options: Some(MountVolumeOptions { no_copy: Some(true), ..Default::default() }),
            ..Default::default()
        });
    }
    Ok(made)
}

/// What it prints is kept by the engine, a bounded part of it.
fn log_config() -> HostConfigLogConfig {
    let options = [("max-size", "4m"), ("max-file", "2")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    HostConfigLogConfig { typ: Some("json-file".to_owned()), config: Some(HashMap::from(options)) }
}

/// The period, in microseconds, that a share of the processors is of: the kernel's default.
const CPU_PERIOD: i64 = 100_000;

impl Limits {
    fn memory(&self) -> i64 {
        i64::try_from(self.memory_bytes).unwrap_or(i64::MAX)
    }

    /// Microseconds of processor time in each [`CPU_PERIOD`]; 0 is no limit. Not as a number of processors (`NanoCpus`): engines refuse
    /// one that is larger than their own, and a machine of four has to run on a host of two.
    fn cpu_quota(&self) -> i64 {
        const LEAST: i64 = 1000;
        match i64::from(self.cpu_millis) * CPU_PERIOD / 1000 {
            0 => 0,
            quota => quota.max(LEAST),
        }
    }

    fn pids(&self) -> i64 {
        if self.processes == 0 { -1 } else { self.processes.into() }
    }

    /// The limits, and the rights: those of every container, or just what administering a network takes.
    fn host_config(&self, administers_network: bool) -> HostConfig {
        let only = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let mut config = HostConfig {
            memory: Some(self.memory()),
            // Memory and swap together: there is no swap beside the memory.
            memory_swap: Some(self.memory()),
            cpu_period: Some(CPU_PERIOD),
            cpu_quota: Some(self.cpu_quota()),
            pids_limit: Some(self.pids()),
            ..Default::default()
        };
        if administers_network {
            config.cap_drop = only(&["ALL"]);
            config.cap_add = only(&["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"]);
            config.security_opt = only(&["no-new-privileges"]);
        }
        config
    }

    /// The change of a container that is there.
    pub fn update(&self) -> ContainerUpdateBody {
        ContainerUpdateBody {
            memory: Some(self.memory()),
            memory_swap: Some(self.memory()),
            cpu_period: Some(CPU_PERIOD),
            cpu_quota: Some(self.cpu_quota()),
            pids_limit: Some(self.pids()),
            ..Default::default()
        }
    }
}

/// Tells two specifications apart. `resolved` is what names in it stand for now.
fn digest(new: &NewContainer, resolved: &[&str]) -> String {
    let files: Vec<_> = new
        .files
        .iter()
        .map(|file| json!([file.path, file.mode, hex::encode(Sha256::digest(&file.content))]))
        .collect();
    let mounts: Vec<_> = new.mounts.iter().map(|mount| json!([mount.volume, mount.path, mount.read_only])).collect();
    // Limits change while a container is there, so they are not part of it.
    let asked = json!([
        new.command,
        new.environment,
        new.labels,
        new.hostname,
        new.dns,
        new.dns_search,
        mounts,
        files,
        new.administers_network,
        new.stop_signal,
        new.stop_seconds,
        resolved,
    ]);
    hex::encode(&Sha256::digest(asked.to_string())[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> NewContainer {
        NewContainer {
            name: "a".into(),
            image: ImageOf::Mapped("debian-12".into()),
            command: vec!["/bin/true".into()],
            environment: vec![],
            labels: vec![],
            hostname: None,
            networking: Networking::None,
            dns: vec![],
            dns_search: vec![],
            mounts: vec![],
            files: vec![NewFile { path: "/a".into(), mode: 0o644, content: "x".into() }],
            limits: Limits::default(),
            administers_network: false,
            stop_signal: None,
            stop_seconds: 10,
        }
    }

    #[test]
    fn a_digest_changes_with_everything_but_the_limits() {
        let same = digest(&new(), &["debian:12"]);
        assert_eq!(
            digest(&NewContainer { limits: Limits { memory_bytes: 5, ..Limits::default() }, ..new() }, &["debian:12"]),
            same
        );
        let mut file = new();
        file.files[0].content = "y".into();
        for other in [file, NewContainer { command: vec![], ..new() }, NewContainer { stop_seconds: 1, ..new() }] {
            assert_ne!(digest(&other, &["debian:12"]), same);
        }
        assert_ne!(digest(&new(), &["debian:13"]), same);
    }

    #[test]
    fn rights_beyond_a_container_of_ones_own_are_granted_by_name() {
        let granted =
            |rights: &[Right]| DockerUse { domain: "things".into(), rights: rights.iter().copied().collect() };
        let administers = NewContainer { administers_network: true, ..new() };
        let joins = NewContainer { networking: Networking::Container("b".into()), ..new() };
        assert!(check(&granted(&[]), &new()).is_ok());
        for (asked, right, other) in
            [(administers, Right::AdministerNetworks, Right::Join), (joins, Right::Join, Right::AdministerNetworks)]
        {
            assert!(check(&granted(&[right]), &asked).is_ok());
            assert!(check(&granted(&[other]), &asked).is_err_and(|error| error.to_string().contains(right.name())));
        }
    }

    #[test]
    fn who_administers_a_network_has_no_other_right() {
        let config = Limits::default().host_config(true);
        assert_eq!(config.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!((config.privileged, config.binds, config.pid_mode), (None, None, None));
        assert_eq!(Limits::default().host_config(false).cap_add, None);
    }
}
