//! The fields of a project that filters look at.

use super::Project;
use crate::filter::Fields;

/// Whether a filter can look at this field, which is in lower case.
pub fn known(field: &str) -> bool {
    const FIELDS: [&str; 14] = [
        "id",
        "projectid",
        "projectnumber",
        "name",
        "displayname",
        "parent",
        "parent.type",
        "parent.id",
        "lifecyclestate",
        "state",
        "labels",
        "createtime",
        "updatetime",
        "deletetime",
    ];
    FIELDS.contains(&field) || field.strip_prefix("labels.").is_some_and(|key| !key.is_empty())
}

impl Fields for Project {
    fn values(&self, field: &str) -> Vec<String> {
        let parent = self.parent.as_deref().and_then(|parent| parent.split_once("s/"));
        match field {
            "id" | "projectid" => vec![self.id.clone()],
            "projectnumber" => vec![self.number.to_string()],
            "name" | "displayname" => vec![self.display_name.clone()],
            "parent" => self.parent.iter().cloned().collect(),
            "parent.type" => parent.iter().map(|(kind, _)| (*kind).to_owned()).collect(),
            "parent.id" => parent.iter().map(|(_, id)| (*id).to_owned()).collect(),
            "lifecyclestate" | "state" => vec![self.state.as_str().to_owned()],
            "createtime" => vec![self.created.to_rfc3339()],
            "updatetime" => vec![self.updated.to_rfc3339()],
            "deletetime" => self.deleted.iter().map(|time| time.to_rfc3339()).collect(),
            "labels" => self.labels.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect(),
            _ => {
                let key = field.strip_prefix("labels.").unwrap_or_default();
                self.labels.get(key).iter().map(|value| (*value).clone()).collect()
            }
        }
    }

    fn texts(&self) -> Vec<String> {
        let labels = self.labels.iter().flat_map(|(key, value)| [key.clone(), value.clone()]);
        [self.id.clone(), self.display_name.clone(), self.number.to_string()].into_iter().chain(labels).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::project;
    use super::known;
    use crate::filter::Filter;

    fn matches(filter: &str) -> bool {
        Filter::parse(filter, known).unwrap().matches(&project())
    }

    #[test]
    fn filters_look_at_the_fields_of_a_project() {
        let yes = [
            "",
            "lifecycleState:ACTIVE",
            "lifecycleState:ACTIVE AND (id=shop-1)",
            "id:shop-*",
            "projectId=SHOP-1",
            "name:my*",
            "NAME:\"my shop\"",
            "displayName=\"My Shop\"",
            "labels.env:test",
            "labels.env:*",
            "labels:env",
            "parent.type:folder parent.id:12",
            "parent=folders/12",
            "parent:folders/*",
            "id:(other shop-1)",
            "id=other OR labels.env=test",
            "NOT id=other",
            "-id=other",
            "id!=other",
            "projectNumber=415104041262",
            "createTime<2020-01-01T00:00:00Z",
            "shop",
        ];
        for filter in yes {
            assert!(matches(filter), "{filter}");
        }
        let no = [
            "lifecycleState:DELETE_REQUESTED",
            "id=shop",
            "name:shop*",
            "labels.env:prod",
            "labels.color:*",
            "parent.type:folder parent.id:13",
            "parent.type:organization",
            "id=shop-1 AND labels.env=prod",
            "NOT id=shop-1",
            "nothing",
            "createTime>2020-01-01T00:00:00Z",
        ];
        for filter in no {
            assert!(!matches(filter), "{filter}");
        }
    }

    #[test]
    fn f25_fields_that_nobody_knows_are_refused() {
        for filter in ["color:red", "labels.:x", "number=1; DROP TABLE projects"] {
            assert_eq!(Filter::parse(filter, known).unwrap_err().http_status(), 400, "{filter}");
        }
    }
}
