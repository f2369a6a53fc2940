//! Volumes with names.

use super::Docker;
use super::error::DockerError;
use super::names::{Labels, Owner};
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder};

impl Docker {
    /// Makes a volume; fine where it is there. The engine gives what has the name, whosever it is (F08).
    pub async fn create_volume(&self, owner: &Owner, name: &str) -> Result<(), DockerError> {
        self.mark(&owner.tenant).await?;
        let engine_name = self.installation.name(owner, name)?;
        let request = VolumeCreateRequest {
            name: Some(engine_name.clone()),
            labels: Some(self.installation.labels(owner, name)),
            ..Default::default()
        };
        let create = |engine: bollard::Docker| async move { Ok(engine.create_volume(request).await?) };
        let made = self.client.quick(create).await?;
        match self.is_own(owner, name, &made.labels) {
            true => Ok(()),
            false => Err(DockerError::Conflict(format!("the volume {engine_name} was not made by this Fogbank"))),
        }
    }

    /// The engine's name of a volume of the owner's, which is there.
    pub(super) async fn own_volume(&self, owner: &Owner, name: &str) -> Result<String, DockerError> {
        let engine_name = self.installation.name(owner, name)?;
        let asked = &engine_name;
        let inspect = |engine: bollard::Docker| async move { Ok(engine.inspect_volume(asked).await?) };
        let volume = self.client.quick(inspect).await?;
        self.is_own(owner, name, &volume.labels).then_some(engine_name).ok_or(DockerError::NotFound)
    }

    /// Removes a volume; fine where it is not there.
    pub async fn remove_volume(&self, owner: &Owner, name: &str) -> Result<(), DockerError> {
        match self.own_volume(owner, name).await {
            Ok(engine_name) => self.remove_volume_named(&engine_name).await,
            Err(error) => error.unless_gone(),
        }
    }

    pub(super) async fn remove_volume_named(&self, engine_name: &str) -> Result<(), DockerError> {
        let options = RemoveVolumeOptionsBuilder::new().build();
        let remove =
            |engine: bollard::Docker| async move { Ok(engine.remove_volume(engine_name, Some(options)).await?) };
        match self.client.quick(remove).await {
            Err(DockerError::Conflict(why)) => Err(DockerError::InUse(why)),
            Err(error) => error.unless_gone(),
            Ok(()) => Ok(()),
        }
    }

    /// The names of the owner's volumes, in order.
    pub async fn list_volumes(&self, owner: &Owner) -> Result<Vec<String>, DockerError> {
        let options = ListVolumesOptionsBuilder::new().filters(&self.installation.filter(owner)).build();
        let list = |engine: bollard::Docker| async move { Ok(engine.list_volumes(Some(options)).await?) };
        let volumes = self.client.quick(list).await?.volumes.unwrap_or_default();
        let mut names: Vec<String> = volumes
            .into_iter()
            .filter_map(|volume| self.installation.read(&volume.labels))
            .filter_map(|(of, name)| (of == *owner).then_some(name))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Whether these are the labels of the owner's thing of that name.
    pub(super) fn is_own(&self, owner: &Owner, name: &str, labels: &Labels) -> bool {
        self.installation.read(labels).is_some_and(|(of, called)| of == *owner && called == name)
    }
}
