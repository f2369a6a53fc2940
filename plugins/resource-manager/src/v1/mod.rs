//! Cloud Resource Manager v1. <https://cloud.google.com/resource-manager/reference/rest/v1>

pub mod organizations;
pub mod projects;
