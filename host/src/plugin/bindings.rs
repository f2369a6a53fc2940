//! The contract, as Rust: generated from `wit/0.1`. Resources map to the types of the capabilities that back them.

wasmtime::component::bindgen!({
    path: "../wit/0.1",
    world: "service-with-authority",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "fogbank:http/bodies.body": crate::capability::http::Body,
        "fogbank:http/responses.writer": crate::capability::http::Writer,
        "fogbank:files/files.staged": crate::capability::files::Staged,
        "fogbank:files/files.file": crate::capability::files::OpenFile,
        "fogbank:files/files.upload": crate::capability::files::Upload,
        "fogbank:database/database.transaction": crate::capability::database::Transaction,
    },
});

/// The contract's version, as the SDK writes it into the custom section [`SECTION`].
pub const VERSION: &str = "0.1";

/// The custom section of a component (or of a module in it) that names the version it was built against.
pub const SECTION: &str = "fogbank:contract";
