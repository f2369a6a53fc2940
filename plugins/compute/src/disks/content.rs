//! What stands on disks, and in images and snapshots of them.
//!
//! A data disk is a volume of the container engine. A boot disk is the file system of its machine's container: until somebody keeps
//! it, the image that the container is made from says all of it.

use fogbank_sdk::docker::{self, Image, Mount};
use fogbank_sdk::{Error, Result};
use serde_json::Value;
use std::fmt;

/// The image with the program that copies trees.
const TOOL: &str = "agent";
/// Where the program stands in the tool's own image, and in the containers of other images.
const PROGRAM: &str = "/agent";
const BESIDE: &str = "/.fogbank/agent";
/// Where a volume is mounted in a container of another image.
const LAID: &str = "/.fogbank/disk";
/// How long a copy may take in one step, in milliseconds.
const PATIENCE_MS: u64 = 25_000;

/// Where content is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A volume of this name, mounted where the disk is attached.
    Volume(String),
    /// The image that the operator gives for this name (`debian-12`), for [`docker::ensure_image`].
    Mapped(String),
    /// An image of our own.
    Own(String),
}

// === impl Content ===

impl Content {
    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("volume", name) => Some(Self::Volume(name.to_owned())),
            ("mapped", name) => Some(Self::Mapped(name.to_owned())),
            ("own", name) => Some(Self::Own(name.to_owned())),
            _ => None,
        }
    }

    /// The image that a machine starts from; nothing for a data disk.
    pub fn image(&self) -> Option<Image> {
        match self {
            Self::Volume(_) => None,
            Self::Mapped(name) => Some(Image::Mapped(name.clone())),
            Self::Own(name) => Some(Image::Own(name.clone())),
        }
    }

    /// Copies it to a place of the name `to`; gives where the copy is. May be done again.
    ///
    /// Errors: the engine's.
    pub fn copy(&self, to: &str) -> Result<Self> {
        match self {
            Self::Mapped(_) => Ok(self.clone()),
            Self::Own(image) => {
                // An image is made from containers alone, and this one never runs.
                let name = format!("copy-{to}");
                docker::create(&docker::new_container(&name, Image::Own(image.clone())))?;
                docker::commit(&name, to)?;
                docker::remove(&name)?;
                Ok(Self::Own(to.to_owned()))
            }
            Self::Volume(volume) => {
                docker::create_volume(to)?;
                copy_volume(volume, to)?;
                Ok(Self::Volume(to.to_owned()))
            }
        }
    }

    /// Keeps the file system of a container in an image of the name `to`; the container is paused meanwhile.
    ///
    /// Errors: the engine's.
    pub fn commit(container: &str, to: &str) -> Result<Self> {
        docker::commit(container, to)?;
        Ok(Self::Own(to.to_owned()))
    }

    /// Lays the files of an image out in a volume of the name `to`, as a machine sees them that does not boot from it. May be done
    /// again.
    ///
    /// Errors: the engine's.
    pub fn lay_out(&self, to: &str) -> Result<Self> {
        let Some(image) = self.image() else { return Ok(self.clone()) };
        if let Image::Mapped(name) = &image {
            docker::ensure_image(name, true)?;
        }
        docker::create_volume(to)?;
        let name = format!("lay-{to}");
        run_in(&name, image, &[BESIDE, "copy", "/", LAID], vec![mount(to, LAID, false)])?;
        docker::remove(&name)?;
        Ok(Self::Volume(to.to_owned()))
    }

    /// Makes an image of the name `to` from files that were laid out from the image `base`. May be done again.
    ///
    /// Errors: the engine's.
    pub fn fold(volume: &str, base: &Self, to: &str) -> Result<Self> {
        let Some(image) = base.image() else { return Ok(Self::Volume(volume.to_owned())) };
        let name = format!("fold-{to}");
        run_in(&name, image, &[BESIDE, "copy", LAID, "/"], vec![mount(volume, LAID, true)])?;
        let folded = Self::commit(&name, to);
        docker::remove(&name)?;
        folded
    }

    /// How many bytes it takes.
    ///
    /// Errors: the engine's.
    pub fn size(&self) -> Result<Option<u64>> {
        match self {
            Self::Own(image) => Ok(docker::image_size(image)?),
            Self::Mapped(_) => Ok(None),
            Self::Volume(volume) => volume_size(volume).map(Some),
        }
    }

    /// Removes it, where it is one's own.
    ///
    /// Errors: `in-use` while a container has it; the engine's.
    pub fn remove(&self) -> Result<()> {
        match self {
            Self::Volume(volume) => docker::remove_volume(volume)?,
            Self::Own(image) => docker::remove_image(image)?,
            Self::Mapped(_) => {}
        }
        Ok(())
    }
}

impl fmt::Display for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Volume(name) => write!(out, "volume:{name}"),
            Self::Mapped(name) => write!(out, "mapped:{name}"),
            Self::Own(name) => write!(out, "own:{name}"),
        }
    }
}

fn copy_volume(from: &str, to: &str) -> Result<()> {
    let mounts = vec![mount(from, "/from", true), mount(to, "/to", false)];
    run(&format!("copy-{to}"), &["copy", "/from", "/to"], mounts).map(drop)
}

fn volume_size(volume: &str) -> Result<u64> {
    let printed = run(&format!("size-{volume}"), &["size", "/from"], vec![mount(volume, "/from", true)])?;
    told_size(&printed).ok_or_else(|| Error::internal(format!("the size of {volume} is {printed:?}")))
}

/// The tool tells now and then how far it is, a line of JSON each; the last line tells all of it.
fn told_size(printed: &str) -> Option<u64> {
    let last: Value = serde_json::from_str(printed.lines().last()?).ok()?;
    last["bytes"].as_u64().filter(|_| last["done"] == true)
}

fn mount(volume: &str, path: &str, read_only: bool) -> Mount {
    Mount { volume: volume.to_owned(), path: path.to_owned(), read_only }
}

/// Runs the tool to its end; gives what it printed.
fn run(name: &str, arguments: &[&str], mounts: Vec<Mount>) -> Result<String> {
    if docker::image_size(TOOL)?.is_none() {
        docker::import_image(TOOL, &[docker::asset(PROGRAM, 0o755, "agent")])?;
    }
    let command = [&[PROGRAM], arguments].concat();
    let printed = run_in(name, Image::Own(TOOL.to_owned()), &command, mounts)?;
    docker::remove(name)?;
    Ok(printed)
}

/// Runs a command of the tool in a container of any image to its end; gives what it printed. The container stays.
fn run_in(name: &str, image: Image, command: &[&str], mounts: Vec<Mount>) -> Result<String> {
    let files = if command[0] == BESIDE { vec![docker::asset(BESIDE, 0o755, "agent")] } else { Vec::new() };
    let command = command.iter().map(|part| (*part).to_owned()).collect();
    docker::create(&docker::NewContainer { command, mounts, files, ..docker::new_container(name, image) })?;
    docker::start(name)?;
    let code = docker::wait(name, PATIENCE_MS)?;
    let printed = docker::logs(name)?.read_to_end(64 << 10)?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    match code {
        0 => Ok(printed),
        code => {
            docker::remove(name)?;
            Err(Error::internal(format!("{name} ended with {code}: {printed}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_tells_a_size_at_the_end() {
        let printed = "{\"bytes\":3,\"done\":false,\"files\":1}\n{\"bytes\":6,\"done\":true,\"files\":1}\n";
        assert_eq!(told_size(printed), Some(6));
        assert_eq!((told_size("{\"bytes\":3,\"done\":false}"), told_size("")), (None, None));
    }

    #[test]
    fn content_is_written_as_it_is_read() {
        for text in ["volume:disk-1", "mapped:debian-12", "own:snapshot-7"] {
            assert_eq!(Content::parse(text).map(|content| content.to_string()).as_deref(), Some(text));
        }
        assert_eq!((Content::parse("x"), Content::parse("tape:1")), (None, None));
        assert!(Content::parse("volume:a").unwrap().image().is_none());
    }
}
