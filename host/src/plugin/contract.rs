//! The contract's version that a component was built against: a custom section that the SDK writes, in the component or
//! in a module inside it.

use super::bindings::{SECTION, VERSION};
use wasmparser::{Parser, Payload};

/// The version named in `wasm`; none where the section is absent (components not made with the SDK). The error is a
/// sentence for the operator.
pub fn version(wasm: &[u8]) -> Result<Option<String>, String> {
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| format!("is not a WebAssembly component: {error}"))?;
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            let text = std::str::from_utf8(section.data()).unwrap_or("?");
            return Ok(Some(text.trim_end_matches('\0').to_string()));
        }
    }
    Ok(None)
}

/// Refuses a version that this host does not know, naming both.
pub fn check(wasm: &[u8]) -> Result<(), String> {
    match version(wasm)? {
        Some(built) if built != VERSION => {
            Err(format!("was built against version {built} of the contract, and this host speaks version {VERSION}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component_with(section: &str, data: &str) -> Vec<u8> {
        let mut wasm = b"\0asm\x0d\0\x01\0".to_vec();
        let mut body = vec![section.len() as u8];
        body.extend_from_slice(section.as_bytes());
        body.extend_from_slice(data.as_bytes());
        wasm.push(0);
        wasm.push(body.len() as u8);
        wasm.extend(body);
        wasm
    }

    #[test]
    fn an_unknown_version_is_refused_with_both_named() {
        let refusal = check(&component_with(SECTION, "9.9")).expect_err("unknown");
        assert!(refusal.contains("9.9") && refusal.contains(VERSION), "{refusal}");
        assert_eq!(check(&component_with(SECTION, VERSION)), Ok(()));
        assert_eq!(check(&component_with("other", "9.9")), Ok(()));
    }

    #[test]
    fn f35_bytes_that_are_no_component_are_refused() {
        assert!(check(b"not wasm").is_err());
    }
}
