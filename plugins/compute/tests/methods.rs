//! The manifest and the API's list of methods say the same, and METHODS.md shows what is built.

use fogbank_sdk_build::methods::Methods;

fn methods() -> Methods {
    Methods::read(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn f34_every_method_of_the_api_has_its_route() {
    methods().check_routes().unwrap();
}

#[test]
fn f26_every_route_names_its_permission_and_resource() {
    methods().check_access().unwrap();
}

#[test]
fn the_table_of_methods_is_up_to_date() {
    methods().check_table().unwrap();
}
