//! What `wit/` says, as Rust: generated, raw, and wrapped by the modules beside it.
#![allow(missing_docs, clippy::all, reason = "generated from the WIT files, which carry the documentation")]
#![allow(unsafe_code, reason = "calls across the component's border, generated")]

wit_bindgen::generate!({
    path: "../wit/0.1",
    world: "fogbank:service/service",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_service",
    default_bindings_module: "fogbank_sdk::bindings",
});

/// The optional export of background work. A world of its own, because a component has to export everything that the worlds
/// linked into it name.
pub mod background {
    wit_bindgen::generate!({
        path: "../wit/0.1",
        inline: "package fogbank:sdk; world background { export fogbank:operations/runner@0.1.0; }",
        world: "fogbank:sdk/background",
        with: {
            "fogbank:database/database@0.1.0": crate::bindings::fogbank::database::database,
            "fogbank:operations/operations@0.1.0": crate::bindings::fogbank::operations::operations,
        },
        pub_export_macro: true,
        export_macro_name: "export_runner",
        default_bindings_module: "fogbank_sdk::bindings::background",
    });
}

/// The optional export of the service that knows accounts and roles.
pub mod authority {
    wit_bindgen::generate!({
        path: "../wit/0.1",
        inline: "package fogbank:sdk; world authority { export fogbank:identity/authority@0.1.0; }",
        world: "fogbank:sdk/authority",
        with: {
            "fogbank:identity/identity@0.1.0": crate::bindings::fogbank::identity::identity,
        },
        pub_export_macro: true,
        export_macro_name: "export_authority",
        default_bindings_module: "fogbank_sdk::bindings::authority",
    });
}
