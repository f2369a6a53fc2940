//! Bridges: made in a range that nothing else uses, found again by their labels.

use super::Docker;
use super::error::DockerError;
use super::names::Owner;
use super::ranges::{self, Range};
use bollard::models::{
    Ipam, IpamConfig, Network as Listed, NetworkConnectRequest, NetworkCreateRequest, NetworkDisconnectRequest,
};
use bollard::query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A bridge of an owner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub id: String,
    pub engine_name: String,
    pub range: String,
    pub gateway: Ipv4Addr,
}

impl Docker {
    /// Makes a bridge; gives the one that is there.
    pub async fn create_network(&self, owner: &Owner, name: &str) -> Result<Network, DockerError> {
        self.mark(&owner.tenant).await?;
        let engine_name = self.installation.name(owner, name)?;
        // The engine lets two networks have one name.
        let _making = self.making_network.lock().await;
        let listed = self.all_networks().await?;
        let named = listed.iter().find(|network| network.name.as_deref() == Some(&engine_name));
        if let Some(named) = named {
            let labels = named.labels.clone().unwrap_or_default();
            return match self.is_own(owner, name, &labels) {
                true => read(named),
                false => Err(DockerError::Conflict(format!("the network {engine_name} was not made by this Fogbank"))),
            };
        }
        let mut taken: Vec<Range> = listed.iter().flat_map(ranges_of).collect();
        taken.extend(ranges::routes());
        for range in self.config.pool.ranges().filter(|range| taken.iter().all(|other| !other.overlaps(range))) {
            match self.create_bridge(owner, name, &engine_name, range).await {
                // Somebody else took it since, or the engine knows of a use that is not listed.
                Err(DockerError::Other(why)) if why.contains("overlap") => {
                    tracing::debug!(%range, why, "a range is in use");
                }
                Err(error) => return Err(error),
                Ok(()) => return self.own_network(owner, name).await,
            }
        }
        let pool = self.config.pool;
        Err(DockerError::Quota(format!("All ranges of {pool} are in use (docker.pool of fogbank.toml).")))
    }

    async fn create_bridge(
        &self,
        owner: &Owner,
        name: &str,
        engine_name: &str,
        range: Range,
    ) -> Result<(), DockerError> {
        let config = IpamConfig {
            subnet: Some(range.to_string()),
            gateway: Some(range.gateway().to_string()),
            ..Default::default()
        };
        let request = NetworkCreateRequest {
            name: engine_name.to_owned(),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam { config: Some(vec![config]), ..Default::default() }),
            labels: Some(self.installation.labels(owner, name)),
            ..Default::default()
        };
        self.client.quick(|engine| async move { Ok(engine.create_network(request).await.map(|_| ())?) }).await
    }

    async fn all_networks(&self) -> Result<Vec<Listed>, DockerError> {
        self.client.quick(|engine| async move { Ok(engine.list_networks(None).await?) }).await
    }

    /// The owner's network of that name.
    pub async fn own_network(&self, owner: &Owner, name: &str) -> Result<Network, DockerError> {
        let mut filter = self.installation.filter(owner);
        filter.insert("name".to_owned(), vec![self.installation.name(owner, name)?]);
        let options = ListNetworksOptionsBuilder::new().filters(&filter).build();
        let list = |engine: bollard::Docker| async move { Ok(engine.list_networks(Some(options)).await?) };
        // The engine's filter finds names that begin with it as well.
        let own = |network: &&Listed| self.is_own(owner, name, network.labels.as_ref().unwrap_or(&HashMap::new()));
        self.client.quick(list).await?.iter().find(own).map_or(Err(DockerError::NotFound), read)
    }

    /// Removes a network; fine where it is not there.
    pub async fn remove_network(&self, owner: &Owner, name: &str) -> Result<(), DockerError> {
        match self.own_network(owner, name).await {
            Ok(network) => self.remove_network_id(&network.id).await,
            Err(error) => error.unless_gone(),
        }
    }

    pub(super) async fn remove_network_id(&self, id: &str) -> Result<(), DockerError> {
        // The engine counts those that run alone, and the others would not start again.
        if let Some(user) = self.connected_to(id).await? {
            return Err(DockerError::InUse(format!("the container {user} is connected")));
        }
        let remove = |engine: bollard::Docker| async move { Ok(engine.remove_network(id).await?) };
        match self.client.quick(remove).await {
            Err(DockerError::Other(why)) if why.contains("active endpoints") => Err(DockerError::InUse(why)),
            Err(error) => error.unless_gone(),
            Ok(()) => Ok(()),
        }
    }

    /// The name of a container, running or not, that is connected to a network.
    async fn connected_to(&self, id: &str) -> Result<Option<String>, DockerError> {
        let filter = HashMap::from([("network".to_owned(), vec![id.to_owned()])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filter).build();
        let list = |engine: bollard::Docker| async move { Ok(engine.list_containers(Some(options)).await?) };
        let user = self.client.quick(list).await?.into_iter().next();
        Ok(user.map(|user| {
            let name = user.names.unwrap_or_default().into_iter().next().or(user.id).unwrap_or_default();
            name.trim_start_matches('/').to_owned()
        }))
    }

    /// Connects a container to one more network; fine where it is connected.
    pub async fn connect(&self, owner: &Owner, container: &str, network: &str) -> Result<(), DockerError> {
        let id = self.id_of(owner, container).await?;
        if self.is_connected(&id, network) {
            return Ok(());
        }
        let network_id = self.own_network(owner, network).await?.id;
        let request = NetworkConnectRequest { container: id.to_string(), endpoint_config: None };
        let connect = |engine: bollard::Docker| async move { Ok(engine.connect_network(&network_id, request).await?) };
        self.client.quick(connect).await?;
        self.refresh(&id).await
    }

    /// Disconnects a container; fine where it is not connected.
    pub async fn disconnect(&self, owner: &Owner, container: &str, network: &str) -> Result<(), DockerError> {
        let id = self.id_of(owner, container).await?;
        let network_id = match self.own_network(owner, network).await {
            Ok(network) => network.id,
            Err(error) => return error.unless_gone(),
        };
        self.refresh(&id).await?;
        if !self.is_connected(&id, network) {
            return Ok(());
        }
        let request = NetworkDisconnectRequest { container: id.to_string(), force: None };
        let disconnect =
            |engine: bollard::Docker| async move { Ok(engine.disconnect_network(&network_id, request).await?) };
        self.client.quick(disconnect).await?;
        self.refresh(&id).await
    }

    fn is_connected(&self, id: &Arc<str>, network: &str) -> bool {
        self.states.by_id(id).is_some_and(|known| known.networks.iter().any(|(name, _)| name == network))
    }
}

fn configs(network: &Listed) -> &[IpamConfig] {
    network.ipam.as_ref().and_then(|ipam| ipam.config.as_deref()).unwrap_or_default()
}

fn ranges_of(network: &Listed) -> Vec<Range> {
    configs(network).iter().filter_map(|config| Range::parse(config.subnet.as_deref()?)).collect()
}

fn read(network: &Listed) -> Result<Network, DockerError> {
    let config = configs(network).iter().find_map(|config| {
        let gateway = config.gateway.as_deref()?.parse().ok()?;
        Some((config.subnet.clone()?, gateway))
    });
    let (range, gateway) = config.ok_or_else(|| DockerError::other("a bridge without a range"))?;
    let (id, engine_name) = (network.id.clone().unwrap_or_default(), network.name.clone().unwrap_or_default());
    Ok(Network { id, engine_name, range, gateway })
}
