//! A tenant's things at the engine, for when the tenant goes away.
//!
//! A tenant that has made something there is marked in a folder of ours, so that one that has not can go while the engine is away.

use super::Docker;
use super::error::DockerError;
use super::states::Known;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
};
use std::io;
use std::path::PathBuf;

impl Docker {
    fn mark_of(&self, tenant: &str) -> PathBuf {
        self.folder.join("tenants").join(tenant)
    }

    /// Notes that the tenant is about to make something, which it can while the engine answers.
    pub(super) async fn mark(&self, tenant: &str) -> Result<(), DockerError> {
        self.known().await?;
        let mark = self.mark_of(tenant);
        let marked = async {
            if !tokio::fs::try_exists(&mark).await? {
                tokio::fs::create_dir_all(mark.parent().unwrap_or(&self.folder)).await?;
                tokio::fs::write(&mark, b"").await?;
            }
            Ok::<(), io::Error>(())
        };
        marked.await.map_err(|error| DockerError::Other(format!("the data folder cannot be written: {error}")))
    }

    /// Removes all that a tenant has made. An engine that is away keeps the tenant, if it has made anything.
    pub async fn remove_tenant(&self, tenant: &str) -> Result<(), DockerError> {
        let mark = self.mark_of(tenant);
        let failed = |error: io::Error| DockerError::Other(format!("the data folder cannot be used: {error}"));
        if !self.has_engine() || !tokio::fs::try_exists(&mark).await.map_err(failed)? {
            return Ok(());
        }
        self.remove_all(Some(tenant)).await?;
        tokio::fs::remove_file(&mark).await.map_err(failed)
    }

    /// Removes all that this installation has made, for one that leaves nothing.
    pub async fn remove_everything(&self) -> Result<(), DockerError> {
        match tokio::fs::try_exists(self.folder.join("tenants")).await {
            Ok(true) if self.has_engine() => self.remove_all(None).await,
            _ => Ok(()),
        }
    }

    /// Containers first: what they use is free then.
    async fn remove_all(&self, tenant: Option<&str>) -> Result<(), DockerError> {
        let filter = &self.installation.filter_all(tenant);
        let containers = ListContainersOptionsBuilder::new().all(true).filters(filter).build();
        let list = |engine: bollard::Docker| async move { Ok(engine.list_containers(Some(containers)).await?) };
        for container in self.client.quick(list).await? {
            let id = container.id.unwrap_or_default();
            match self.inspect(&id).await.map(|said| Known::read(&self.installation, said)) {
                Ok(Some(_)) => self.remove_id(&id).await?,
                // Somebody's, with labels like ours.
                Ok(None) => {}
                Err(error) => error.unless_gone()?,
            }
        }
        let networks = ListNetworksOptionsBuilder::new().filters(filter).build();
        let list = |engine: bollard::Docker| async move { Ok(engine.list_networks(Some(networks)).await?) };
        for network in self.client.quick(list).await? {
            self.remove_network_id(&network.id.unwrap_or_default()).await?;
        }
        let volumes = ListVolumesOptionsBuilder::new().filters(filter).build();
        let list = |engine: bollard::Docker| async move { Ok(engine.list_volumes(Some(volumes)).await?) };
        for volume in self.client.quick(list).await?.volumes.unwrap_or_default() {
            self.remove_volume_named(&volume.name).await?;
        }
        self.remove_images(tenant).await
    }

    async fn remove_images(&self, tenant: Option<&str>) -> Result<(), DockerError> {
        let images = ListImagesOptionsBuilder::new().filters(&self.installation.filter_images(tenant)).build();
        let list = |engine: bollard::Docker| async move { Ok(engine.list_images(Some(images)).await?) };
        for image in self.client.quick(list).await? {
            // By its names, since an image with two cannot be removed by its id; one without any by its id.
            let named: Vec<String> = image.repo_tags.into_iter().filter(|tag| !tag.contains('<')).collect();
            let references = if named.is_empty() { vec![image.id] } else { named };
            for reference in references {
                self.remove_image_named(&reference).await?;
            }
        }
        Ok(())
    }
}
