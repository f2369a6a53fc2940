//! Cloud Resource Manager v3. <https://cloud.google.com/resource-manager/reference/rest/v3>

pub mod folders;
pub mod organizations;
pub mod projects;
