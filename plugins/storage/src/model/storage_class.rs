//! Storage classes. <https://cloud.google.com/storage/docs/storage-classes>

/// What a bucket has where nobody says.
pub const DEFAULT: &str = "STANDARD";

const CLASSES: [&str; 7] =
    ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY"];

/// The class in its canonical, upper-case form, whatever the client typed; `None` where there is no such class.
pub fn canonical(class: &str) -> Option<&'static str> {
    if class.eq_ignore_ascii_case("DRA") {
        return Some("DURABLE_REDUCED_AVAILABILITY");
    }
    CLASSES.into_iter().find(|known| known.eq_ignore_ascii_case(class))
}

/// Whether a lifecycle rule may move an object of class `from` to class `to`: only towards colder storage.
pub fn may_become(from: &str, to: &str) -> bool {
    fn warmth(class: &str) -> u8 {
        match class {
            "NEARLINE" => 2,
            "COLDLINE" => 1,
            "ARCHIVE" => 0,
            _ => 3,
        }
    }
    warmth(to) < warmth(from)
        || (from == "DURABLE_REDUCED_AVAILABILITY" && from != to)
        || (["MULTI_REGIONAL", "REGIONAL"].contains(&from) && to == "STANDARD")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_come_back_in_upper_case() {
        assert_eq!(canonical("nearline"), Some("NEARLINE"));
        assert_eq!(canonical("Standard"), Some("STANDARD"));
        assert_eq!(canonical("fridge"), None);
    }

    #[test]
    fn rules_move_objects_only_towards_colder_storage() {
        assert!(may_become("STANDARD", "NEARLINE"));
        assert!(may_become("NEARLINE", "ARCHIVE"));
        assert!(may_become("MULTI_REGIONAL", "STANDARD"));
        assert!(!may_become("ARCHIVE", "NEARLINE"));
        assert!(!may_become("NEARLINE", "NEARLINE"));
        assert!(!may_become("COLDLINE", "STANDARD"));
    }
}
