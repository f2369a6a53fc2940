//! `fogbank:files`.

use crate::{Arguments, Given, name};
use fogbank_sdk::bindings::fogbank::files::files::{self, Source, StageOptions, Staged, Upload};
use serde_json::json;

pub fn call(function: &str, arguments: &Arguments) -> Option<Given> {
    let id = arguments.text("id");
    if let Some(function) = function.strip_prefix("upload.") {
        return upload(function, arguments);
    }
    Some(match function {
        "stage" => stage(arguments).map(|_| ().into()),
        "staged.digest" => stage(arguments).map(|staged| staged.digest().size.into()),
        "staged.read" => stage(arguments).and_then(|staged| staged.read(0, 1024).map(text).map_err(name)),
        "staged.commit" => stage(arguments).and_then(|staged| staged.commit().map(Into::into).map_err(name)),
        "open" => files::open(&id).map(|_| ().into()).map_err(name),
        "file.size" => files::open(&id).map(|file| file.size().into()).map_err(name),
        "file.read" => files::open(&id).and_then(|file| file.read(0, 1024)).map(text).map_err(name),
        "file.body" => files::open(&id).map_err(name).and_then(|file| {
            let body = file.body(0, None);
            body.read_to_end(1 << 20).map(text).map_err(name)
        }),
        "remove" => Ok(files::remove(&[id]).into()),
        "list" => files::list(None, 10_000, false)
            .map_err(name)
            .map(|found| found.into_iter().map(|entry| entry.id).collect::<Vec<_>>().into()),
        "space" => files::space().map_err(name).map(|space| json!({ "used": space.used, "quota": space.quota })),
        "create-upload" => files::create_upload(60_000).map(|upload| upload.id().into()).map_err(name),
        "open-upload" => files::open_upload(&id).map(|_| ().into()).map_err(name),
        "remove-upload" => files::remove_upload(&id).map(Into::into).map_err(name),
        _ => return None,
    })
}

/// Functions of the upload `id`, or of a new one where none is named.
fn upload(function: &str, arguments: &Arguments) -> Option<Given> {
    let id = arguments.text("id");
    let open = || if id.is_empty() { files::create_upload(60_000) } else { files::open_upload(&id) }.map_err(name);
    let source = source(arguments);
    let append = |upload: &Upload| upload.append(arguments.number("offset"), &source, None).map_err(name);
    Some(match function {
        "id" => open().map(|upload| upload.id().into()),
        "size" => open().map(|upload| upload.size().into()),
        "append" => open().and_then(|upload| append(&upload)).map(Into::into),
        "truncate" => open().and_then(|upload| upload.truncate(arguments.number("size")).map_err(name)).map(Into::into),
        "finish" => open().and_then(|upload| {
            let staged = upload.finish(false).map_err(name)?;
            staged.read(0, 1024).map(text).map_err(name)
        }),
        _ => return None,
    })
}

/// The file `file`, or the text `text`.
fn source(arguments: &Arguments) -> Source<'static> {
    match arguments.text("file") {
        file if file.is_empty() => Source::Bytes(arguments.text("text").into_bytes()),
        file => Source::File((file, 0, None)),
    }
}

fn stage(arguments: &Arguments) -> Result<Staged, String> {
    let options = StageOptions { max_size: None, exact_size: None, md5: false };
    files::stage(&[source(arguments)], options).map_err(name)
}

fn text(bytes: Vec<u8>) -> serde_json::Value {
    String::from_utf8_lossy(&bytes).into()
}
