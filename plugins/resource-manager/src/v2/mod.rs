//! Cloud Resource Manager v2: folders, as gcloud speaks of them.
//! <https://cloud.google.com/resource-manager/reference/rest/v2/folders>

pub mod folders;
