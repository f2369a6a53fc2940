//! Basic roles: owner, editor, viewer. They have no list of permissions; what they hold follows from the permissions' names.
//! <https://cloud.google.com/iam/docs/roles-overview#basic>

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basic {
    Owner,
    Editor,
    Viewer,
}

/// Verbs that change nothing.
const READS: [&str; 8] = ["get", "list", "aggregatedList", "search", "query", "lookup", "test", "view"];

/// What an editor cannot change: who may do what, and where things hang.
const NOT_EDITED: [&str; 3] = ["iam.roles.", "iam.workloadIdentityPool", "resourcemanager."];

impl Basic {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Editor, Self::Viewer];

    /// The basic role of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basic| basic.name() == name)
    }

    /// `roles/owner`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "roles/owner",
            Self::Editor => "roles/editor",
            Self::Viewer => "roles/viewer",
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Editor => "Editor",
            Self::Viewer => "Viewer",
        }
    }

    /// What it is for.
    pub fn description(self) -> &'static str {
        match self {
            Self::Owner => "Full access to all resources, and to who may do what with them.",
            Self::Editor => "View, create, update, and delete most resources.",
            Self::Viewer => "View most resources.",
        }
    }

    /// Whether it has a permission, as far as its name tells. What services take out of basic roles is not looked at here.
    pub fn grants(self, permission: &str) -> bool {
        match self {
            Self::Owner => true,
            Self::Editor => is_read(permission) || is_edit(permission),
            Self::Viewer => is_read(permission),
        }
    }
}

fn is_read(permission: &str) -> bool {
    let verb = permission.rsplit('.').next().unwrap_or_default();
    READS.iter().any(|read| {
        verb.strip_prefix(read).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_lowercase()))
    })
}

fn is_edit(permission: &str) -> bool {
    !permission.ends_with(".setIamPolicy") && !NOT_EDITED.iter().any(|prefix| permission.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_read_as_a_whole_word() {
        assert!(
            is_read("compute.instances.getSerialPortOutput")
                && is_read("storage.buckets.list")
                && is_read("a.b.queryX")
        );
        assert!(
            !is_read("a.b.listen") && !is_read("a.b.getter") && !is_read("a.b.testify") && !is_read("a.get.create")
        );
    }

    #[test]
    fn an_editor_does_not_say_who_may_what() {
        assert!(Basic::Editor.grants("iam.serviceAccountKeys.create") && Basic::Editor.grants("iam.roles.get"));
        for permission in ["storage.buckets.setIamPolicy", "iam.roles.delete", "resourcemanager.projects.delete"] {
            assert!(!Basic::Editor.grants(permission) && Basic::Owner.grants(permission), "{permission}");
        }
        assert_eq!(Basic::of("roles/editor"), Some(Basic::Editor));
        assert_eq!(Basic::of("editor"), None);
    }
}
