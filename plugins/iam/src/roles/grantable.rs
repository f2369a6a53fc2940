//! `iam.roles.queryGrantableRoles`: the roles that a binding on a resource can name.

use super::View;
use super::predefined::{page_of, wire};
use crate::catalog::{Catalog, Predefined};
use crate::resources::FullName;
use crate::roles::basic::Basic;
use fogbank_sdk::{Error, Request, Response, Result, page};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    full_resource_name: String,
    view: String,
    page_size: i64,
    page_token: String,
}

/// A page of the predefined roles that have at least one permission about the resource; on projects, folders and organizations all,
/// basic ones too.
pub fn query(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let name = FullName::read(&sent.full_resource_name)?;
    let view = View::read(&sent.view)?;
    let size = size(sent.page_size, 300, 1000)?;
    let after: String = if sent.page_token.is_empty() { String::new() } else { page::decode(&sent.page_token)? };
    let catalog = Catalog::load();
    let roles: Vec<_> = grantable(&catalog, &name).into_iter().filter(|role| role.name > after).collect();
    Ok(Response::json(&page_of(&roles, size, |role| wire(&catalog, role, view))))
}

fn grantable(catalog: &Catalog, name: &FullName<'_>) -> Vec<Predefined> {
    let about = name.permissions(catalog);
    let fits = |role: &Predefined| match name.container() {
        Some(_) => true,
        None => {
            Basic::of(&role.name).is_none()
                && catalog.permissions_of(&role.name).unwrap_or_default().intersection(&about).next().is_some()
        }
    };
    catalog.roles().into_iter().filter(fits).collect()
}

/// The size of a page from a body: `default` where it is 0.
///
/// Errors: 400 where it is negative.
pub fn size(asked: i64, default: usize, most: usize) -> Result<usize> {
    match usize::try_from(asked) {
        Ok(0) => Ok(default),
        Ok(asked) => Ok(asked.min(most)),
        Err(_) => Err(Error::invalid("Invalid value for pageSize: it is negative.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::sample;

    #[test]
    fn a_bucket_takes_roles_that_say_something_of_buckets() {
        let catalog = sample();
        let names = |text: &str| {
            let roles = grantable(&catalog, &FullName::read(text).unwrap());
            roles.into_iter().map(|role| role.name).collect::<Vec<_>>()
        };
        assert_eq!(
            names("//storage.googleapis.com/projects/_/buckets/b"),
            ["roles/iam.securityReviewer", "roles/storage.admin", "roles/storage.bucketViewer"]
        );
        assert_eq!(names("//127.0.0.1:8080/projects/demo").len(), 6);
    }

    #[test]
    fn f38_sizes_are_bounded() {
        assert_eq!((size(0, 5, 9).unwrap(), size(7, 5, 9).unwrap(), size(i64::MAX, 5, 9).unwrap()), (5, 7, 9));
        assert!(size(-1, 5, 9).is_err());
    }
}
