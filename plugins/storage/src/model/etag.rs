//! Entity tags. They change with the generation and metageneration and with nothing else, and look like those of the real
//! service: base64 of a small protobuf message with the two numbers.

use fogbank_sdk::encoding::b64;

/// The tag of something that has only a metageneration: a bucket, its lists.
pub fn of_metageneration(metageneration: i64) -> String {
    let mut bytes = Vec::new();
    field(1, metageneration, &mut bytes);
    b64(bytes)
}

/// The tag of an object's generation.
pub fn of_generation(generation: i64, metageneration: i64) -> String {
    let mut bytes = Vec::new();
    field(1, generation, &mut bytes);
    field(2, metageneration, &mut bytes);
    b64(bytes)
}

/// A protobuf field of type varint.
fn field(number: u8, value: i64, bytes: &mut Vec<u8>) {
    bytes.push(number << 3);
    let mut rest = value.unsigned_abs();
    while rest >= 0x80 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_change_with_the_numbers() {
        assert_eq!(of_metageneration(1), "CAE=");
        assert_eq!(of_metageneration(2), "CAI=");
        assert_ne!(of_generation(1, 2), of_generation(2, 1));
        assert_eq!(of_generation(300, 1), b64([0x08, 0xac, 0x02, 0x10, 0x01]));
    }
}
