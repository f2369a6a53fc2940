//! Images: the operator's, by mapping and allow-list, and those that a domain makes itself.

use super::Docker;
use super::archive::{Folders, NewFile, tar};
use super::error::DockerError;
use super::names::{IMAGE_SPEC, Owner};
use bollard::models::{ContainerConfig, ImageInspect};
use bollard::query_parameters::{CommitContainerOptionsBuilder, CreateImageOptionsBuilder, RemoveImageOptionsBuilder};
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as AsyncMutex;

/// How long removing an image may take, and how often it is tried.
const REMOVE: Duration = Duration::from_secs(10);
const REMOVE_TRIES: u32 = 4;

/// Says which image is missing and how to get it (F07b).
pub fn missing(name: &str, engine: &str) -> DockerError {
    let stands = if name == engine { String::new() } else { format!(", which stands for `{name}`") };
    DockerError::NoImage(format!(
        "There is no image `{engine}`{stands}: get it with `docker pull {engine}`, or name another in [docker.images] of \
         fogbank.toml."
    ))
}

impl Docker {
    /// The engine's name for what a service calls an image, where the operator allows it.
    pub(super) fn allowed_image<'a>(&'a self, name: &'a str) -> Result<&'a str, DockerError> {
        self.config.images.resolve(name).ok_or_else(|| {
            DockerError::NotAllowed(format!(
                "The image `{name}` is neither mapped in [docker.images] of fogbank.toml nor allowed by docker.allow."
            ))
        })
    }

    /// The engine's name for what a service calls an image, once it is there.
    pub async fn ensure_image(&self, name: &str, pull: bool) -> Result<String, DockerError> {
        let engine_name = self.allowed_image(name)?;
        if self.inspect_image(engine_name).await?.is_none() {
            match pull && self.config.images.pull {
                true => self.pull(name, engine_name).await?,
                false => return Err(missing(name, engine_name)),
            }
        }
        Ok(engine_name.to_owned())
    }

    /// Pulls an image, once however many ask for it.
    async fn pull(&self, name: &str, engine_name: &str) -> Result<(), DockerError> {
        let lock = self.image_lock(engine_name);
        let _pulling = lock.lock().await;
        if self.inspect_image(engine_name).await?.is_some() {
            return Ok(());
        }
        tracing::info!(image = engine_name, "pulling an image");
        // Without a tag the engine would take all of them.
        let tagged = engine_name.rsplit('/').next().is_some_and(|last| last.contains(':'));
        let reference = if tagged { engine_name.to_owned() } else { format!("{engine_name}:latest") };
        let options = CreateImageOptionsBuilder::new().from_image(&reference).build();
        let pull = |engine: bollard::Docker| async move {
            Ok(engine.create_image(Some(options), None, None).try_for_each(|_| async { Ok(()) }).await?)
        };
        let pulled = self.client.call(self.config.limits.transfer, pull).await;
        pulled.map_err(|error| match (error, missing(name, engine_name)) {
            (DockerError::Other(why), DockerError::NoImage(how)) => {
                DockerError::NoImage(format!("{how} It could not be pulled: {why}"))
            }
            (DockerError::NotFound, how) => how,
            (error, _) => error,
        })
    }

    fn image_lock(&self, engine_name: &str) -> Arc<AsyncMutex<()>> {
        let mut pulls = self.pulls.lock().unwrap_or_else(PoisonError::into_inner);
        pulls.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(pulls.entry(engine_name.to_owned()).or_default())
    }

    /// None where there is no such image.
    pub(super) async fn inspect_image(&self, reference: &str) -> Result<Option<ImageInspect>, DockerError> {
        let inspect = |engine: bollard::Docker| async move { Ok(engine.inspect_image(reference).await?) };
        match self.client.quick(inspect).await {
            Ok(image) => Ok(Some(image)),
            Err(DockerError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What an image is now: changes when another gets its name.
    pub(super) async fn image_version(&self, reference: &str) -> Result<Option<String>, DockerError> {
        let image = self.inspect_image(reference).await?;
        Ok(image.map(|image| spec_of(&image).or(image.id).unwrap_or_default()))
    }

    /// Makes an image of the owner's from files; nothing is done where it has them.
    pub async fn import_image(&self, owner: &Owner, name: &str, files: &[NewFile]) -> Result<(), DockerError> {
        self.mark(&owner.tenant).await?;
        let (repository, tag) = self.installation.image(owner, name)?;
        let archive = tar(files, Folders::Listed)?;
        let digest = hex::encode(&Sha256::digest(&archive)[..16]);
        let reference = format!("{repository}:{tag}");
        // Of two at once the second finds what the first has made.
        let lock = self.image_lock(&reference);
        let _importing = lock.lock().await;
        let before = self.inspect_image(&reference).await?;
        if before.as_ref().and_then(spec_of).is_some_and(|spec| spec == digest) {
            return Ok(());
        }
        let mut labels = self.installation.image_labels(owner);
        labels.insert(IMAGE_SPEC.to_owned(), digest);
        let changes = labels.iter().map(|(key, value)| format!("LABEL {key}={value}")).collect::<Vec<_>>();
        let root = bollard::body_full(archive);
        let import = |engine: bollard::Docker| async move {
            let options =
                CreateImageOptionsBuilder::new().from_src("-").repo(&repository).tag(&tag).changes(changes).build();
            let made = engine.create_image(Some(options), Some(root), None);
            Ok(made.try_for_each(|_| async { Ok(()) }).await?)
        };
        self.client.call(self.config.limits.transfer, import).await?;
        if let Some(old) = before.and_then(|image| image.id) {
            self.drop_nameless(&old).await;
        }
        Ok(())
    }

    /// Removes an image that has lost its name to another. It stays where a container was made from it, and goes with the tenant.
    async fn drop_nameless(&self, id: &str) {
        match self.remove_image_named(id).await {
            Ok(()) | Err(DockerError::InUse(_)) => {}
            Err(error) => tracing::warn!(%error, id, "an image that was replaced could not be removed"),
        }
    }

    /// Makes an image of the owner's from a container's file system.
    pub async fn commit(&self, owner: &Owner, container: &str, name: &str) -> Result<(), DockerError> {
        let id = self.id_of(owner, container).await?;
        let (repository, tag) = self.installation.image(owner, name)?;
        let before = self.inspect_image(&format!("{repository}:{tag}")).await?;
        let mut labels = self.installation.image_labels(owner);
        // That of the image which the container was made from, otherwise.
        labels.insert(IMAGE_SPEC.to_owned(), String::new());
        let options =
            CommitContainerOptionsBuilder::new().container(&id).repo(&repository).tag(&tag).pause(true).build();
        let config = ContainerConfig { labels: Some(labels), ..Default::default() };
        let commit =
            |engine: bollard::Docker| async move { Ok(engine.commit_container(options, config).await.map(|_| ())?) };
        self.client.call(self.config.limits.transfer, commit).await?;
        if let Some(old) = before.and_then(|image| image.id) {
            self.drop_nameless(&old).await;
        }
        Ok(())
    }

    /// The size in bytes of an image of the owner's; none where there is no such image.
    pub async fn image_size(&self, owner: &Owner, name: &str) -> Result<Option<u64>, DockerError> {
        let (repository, tag) = self.installation.image(owner, name)?;
        let image = self.inspect_image(&format!("{repository}:{tag}")).await?;
        Ok(image.map(|image| image.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default()))
    }

    /// Removes an image of the owner's; fine where it is not there.
    pub async fn remove_image(&self, owner: &Owner, name: &str) -> Result<(), DockerError> {
        let (repository, tag) = self.installation.image(owner, name)?;
        self.remove_image_named(&format!("{repository}:{tag}")).await
    }

    pub(super) async fn remove_image_named(&self, reference: &str) -> Result<(), DockerError> {
        let mut tries = REMOVE_TRIES;
        let removed = loop {
            tries -= 1;
            let remove = |engine: bollard::Docker| async move {
                let options = RemoveImageOptionsBuilder::new().build();
                Ok(engine.remove_image(reference, Some(options), None).await.map(|_| ())?)
            };
            // Engines were seen to leave one such request without an answer, and to answer the next at once.
            match self.client.call(self.config.limits.call.min(REMOVE), remove).await {
                Err(DockerError::Timeout) if tries > 0 => tracing::warn!(reference, "removing an image is tried again"),
                other => break other,
            }
        };
        match removed {
            Err(DockerError::Conflict(why)) => Err(DockerError::InUse(why)),
            Err(error) => error.unless_gone(),
            Ok(()) => Ok(()),
        }
    }
}

fn spec_of(image: &ImageInspect) -> Option<String> {
    let labels = image.config.as_ref()?.labels.as_ref()?;
    labels.get(IMAGE_SPEC).filter(|spec| !spec.is_empty()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f07b_a_missing_image_is_named_with_the_way_to_get_it() {
        let said = missing("debian-12", "debian:12").to_string();
        assert!(said.contains("docker pull debian:12") && said.contains("`debian-12`"), "{said}");
        assert!(!missing("busybox", "busybox").to_string().contains("stands for"));
    }
}
