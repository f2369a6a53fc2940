//! JSON laid out over lines, without reading it into a tree.

/// Lays compact, valid JSON out with two spaces a level and a line end behind it, as Google's APIs answer.
pub(crate) fn lay_out(compact: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(compact.len() * 3 / 2 + 16);
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, &byte) in compact.iter().enumerate() {
        if in_text {
            out.push(byte);
            in_text = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'{' | b'[' => {
                out.push(byte);
                depth += 1;
                if !matches!(compact.get(at + 1), Some(b'}' | b']')) {
                    line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if !matches!(out.last(), Some(b'{' | b'[')) {
                    line(&mut out, depth);
                }
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => {
                in_text = byte == b'"';
                out.push(byte);
            }
        }
    }
    out.push(b'\n');
    out
}

fn line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn lays_out_as_serde_json_does() {
        let values = [
            json!({}),
            json!([]),
            json!("a,b:{}\"\\"),
            json!({"a": [], "b": {}, "c": [1, {"d": "x\\\"y{"}, [[]], null, true]}),
        ];
        for value in values {
            let laid_out = lay_out(value.to_string().as_bytes());
            let expected = format!("{}\n", serde_json::to_string_pretty(&value).unwrap());
            assert_eq!(String::from_utf8(laid_out.clone()).unwrap(), expected);
            assert_eq!(serde_json::from_slice::<Value>(&laid_out).unwrap(), value);
        }
    }
}
