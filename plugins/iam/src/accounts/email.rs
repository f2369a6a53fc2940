//! Names of service accounts.

use fogbank_sdk::{Error, Result};

/// Refuses what is no id of an account: a small letter, then small letters, digits and single-word dashes, at most thirty. The real
/// service asks for six at least; shorter ones, which scripts for local clouds are full of, are taken.
///
/// Errors: 400.
pub fn check_id(id: &str) -> Result<()> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fine = id.len() <= 30
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.bytes().all(known)
        && !id.ends_with('-');
    fine.then_some(()).ok_or_else(|| {
        Error::invalid(format!(
            "Invalid value for accountId: '{id}' does not match [a-z]([-a-z0-9]*[a-z0-9]) with at most 30 characters."
        ))
    })
}

/// The address of the account `id` in a project. Projects of an organization's own domain (`example.com:shop`) come as
/// `shop.example.com`.
pub fn of(id: &str, project: &str) -> String {
    let domain = match project.split_once(':') {
        Some((domain, name)) => format!("{name}.{domain}"),
        None => project.to_owned(),
    };
    format!("{id}@{domain}.iam.gserviceaccount.com")
}

/// The project's number in the address of its default account for machines.
pub fn default_number(email: &str) -> Option<&str> {
    let number = email.strip_suffix("-compute@developer.gserviceaccount.com")?;
    crate::projects::is_number(number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_as_the_api_takes_them() {
        for id in ["robot1", "a-b-c-d", &"a".repeat(30), "sa1"] {
            assert!(check_id(id).is_ok(), "{id}");
        }
        for id in ["", "1robot", "Robot1", "robot-", "robot_1", "robot.x", &"a".repeat(31), "röbot1"] {
            assert_eq!(check_id(id).unwrap_err().http_status(), 400, "{id}");
        }
    }

    #[test]
    fn addresses_follow_from_projects() {
        assert_eq!(of("sa1", "demo"), "sa1@demo.iam.gserviceaccount.com");
        assert_eq!(of("sa1", "example.com:shop"), "sa1@shop.example.com.iam.gserviceaccount.com");
        assert_eq!(default_number("12-compute@developer.gserviceaccount.com"), Some("12"));
        assert_eq!(default_number("x-compute@developer.gserviceaccount.com"), None);
    }
}
