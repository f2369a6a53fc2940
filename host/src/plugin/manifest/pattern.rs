//! Patterns of paths and host names.

use std::collections::BTreeSet;
use std::fmt;

/// A path of a route: `/b/{bucket}/o/{object}`, `/v1/{name}:verb`, `/{bucket}/{object+}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    /// What stands between the slashes; `/` is one empty literal.
    pub segments: Vec<Segment>,
}

/// One piece of a path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Compared with the percent-decoded segment.
    Literal(String),
    /// One segment, not empty; ends with `suffix`, which is not part of the value.
    One { name: String, suffix: String },
    /// The rest of the path, at least one character; ends with `suffix`.
    Rest { name: String, suffix: String },
}

impl PathPattern {
    /// Reads a pattern; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix('/').ok_or_else(|| format!("path `{text}` does not begin with `/`"))?;
        let segments: Vec<Segment> =
            rest.split('/').map(segment).collect::<Result<_, _>>().map_err(|why| format!("path `{text}`: {why}"))?;
        let last = segments.len() - 1;
        if segments.iter().position(|s| matches!(s, Segment::Rest { .. })).is_some_and(|index| index != last) {
            return Err(format!("path `{text}`: {{name+}} can only stand at the end"));
        }
        let pattern = PathPattern { segments };
        let names: BTreeSet<&str> = pattern.names().collect();
        if names.len() != pattern.names().count() {
            return Err(format!("path `{text}` uses one name twice"));
        }
        Ok(pattern)
    }

    /// Names of the parameters, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::One { name, .. } | Segment::Rest { name, .. } => Some(name.as_str()),
        })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "/{text}"),
            Segment::One { name, suffix } => write!(f, "/{{{name}}}{suffix}"),
            Segment::Rest { name, suffix } => write!(f, "/{{{name}+}}{suffix}"),
        })
    }
}

fn segment(text: &str) -> Result<Segment, String> {
    let Some(inner) = text.strip_prefix('{') else {
        if text.contains(['{', '}', '%', '?', '#']) {
            return Err(format!(
                "`{text}` is neither a literal (not percent-encoded) nor {{name}}, {{name+}}, {{name}}:verb"
            ));
        }
        return Ok(Segment::Literal(text.to_owned()));
    };
    let (name, suffix) = inner.split_once('}').ok_or_else(|| format!("`{text}` lacks a `}}`"))?;
    if !suffix.is_empty() && !suffix.starts_with(':') {
        return Err(format!("`{text}`: only `:verb` can follow a parameter"));
    }
    let suffix = suffix.to_owned();
    match name.strip_suffix('+') {
        Some(name) => Ok(Segment::Rest { name: parameter(name)?, suffix }),
        None => Ok(Segment::One { name: parameter(name)?, suffix }),
    }
}

fn parameter(name: &str) -> Result<String, String> {
    let fine = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    fine.then(|| name.to_owned()).ok_or_else(|| format!("`{name}` is no parameter name (letters, digits, _)"))
}

/// A host name of a service: `storage.example.com`, or `{bucket}.storage.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Lower case.
    Exact(String),
    /// One or more labels in front of a name that matches exactly.
    Labels {
        /// The parameter that gets them.
        name: String,
        /// Begins with a dot, lower case.
        suffix: String,
    },
}

impl HostPattern {
    /// Reads a pattern; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(inner) = text.strip_prefix('{') else {
            return Ok(HostPattern::Exact(host(text, text)?));
        };
        let (name, suffix) = inner.split_once('}').ok_or_else(|| format!("host `{text}` lacks a `}}`"))?;
        let below =
            suffix.strip_prefix('.').ok_or_else(|| format!("host `{text}`: a dot has to follow the parameter"))?;
        Ok(HostPattern::Labels { name: parameter(name)?, suffix: format!(".{}", host(below, text)?) })
    }

    /// What the parameter's labels are, or an empty string where there is no parameter; none where `host` (lower case,
    /// without port) does not match. Names are compared whole (F29).
    pub fn matches<'h>(&self, host: &'h str) -> Option<&'h str> {
        match self {
            HostPattern::Exact(name) => (name == host).then_some(""),
            HostPattern::Labels { suffix, .. } => {
                host.strip_suffix(suffix.as_str()).filter(|labels| !labels.is_empty())
            }
        }
    }

    /// The parameter's name, where there is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            HostPattern::Exact(_) => None,
            HostPattern::Labels { name, .. } => Some(name),
        }
    }

    /// The pattern with the parameter's name left out: equal for patterns that match the same hosts.
    pub fn shape(&self) -> String {
        match self {
            HostPattern::Exact(name) => name.clone(),
            HostPattern::Labels { suffix, .. } => format!("{{}}{suffix}"),
        }
    }
}

fn host(text: &str, whole: &str) -> Result<String, String> {
    let label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    text.split('.').all(label).then(|| text.to_ascii_lowercase()).ok_or_else(|| format!("`{whole}` is no host name"))
}
