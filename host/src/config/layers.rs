//! Where settings come from, and which of several wins.

use super::keys::{KEYS, variable};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use toml::{Table, Value};

/// A value as somebody wrote it.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub values: Vec<String>,
    /// For messages: `--listen`, `FOGBANK_LISTEN`, `fogbank.toml: listen`.
    pub source: String,
}

/// All settings, as written; later layers replace earlier ones.
#[derive(Debug, Default)]
pub struct Layers {
    pub(super) values: BTreeMap<&'static str, Raw>,
    /// `[plugins]`, `[env]` and `[docker.images]` of the file, which have no other home.
    pub(super) tables: BTreeMap<&'static str, Table>,
    pub(super) file: String,
    pub(super) errors: Vec<String>,
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<String>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the configuration has {} problem(s):", self.0.len())?;
        self.0.iter().try_for_each(|problem| writeln!(f, "  {problem}"))
    }
}

impl std::error::Error for ConfigErrors {}

impl Layers {
    /// The defaults.
    pub fn new() -> Self {
        let mut layers = Self { file: "fogbank.toml".into(), ..Self::default() };
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            layers.set(key.name, commas(key.default), format!("default of {}", key.name));
        }
        layers
    }

    /// Adds a file; that it is missing is an error only where somebody named it.
    pub fn file(mut self, path: &Path, named: bool) -> Self {
        match std::fs::read_to_string(path) {
            Ok(text) => self.text(&path.display().to_string(), &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => self,
            Err(error) => {
                self.errors.push(format!("{}: {error}", path.display()));
                self
            }
        }
    }

    /// Adds the text of a file called `name`.
    pub fn text(mut self, name: &str, text: &str) -> Self {
        self.file = name.to_owned();
        match text.parse::<Table>() {
            Ok(mut table) => {
                for section in ["plugins", "env"] {
                    match table.remove(section) {
                        Some(Value::Table(table)) => drop(self.tables.insert(section, table)),
                        Some(_) => self.errors.push(format!("{name}: {section} is no table")),
                        None => {}
                    }
                }
                self.images(name, &mut table);
                self.table("", table);
            }
            Err(error) => self.errors.push(format!("{name}: {}", error.to_string().trim_end())),
        }
        self
    }

    /// Takes `[docker.images]` out, whose keys are the operator's own.
    fn images(&mut self, name: &str, table: &mut Table) {
        match table.get_mut("docker").and_then(Value::as_table_mut).and_then(|docker| docker.remove("images")) {
            Some(Value::Table(images)) => drop(self.tables.insert("docker.images", images)),
            Some(_) => self.errors.push(format!("{name}: docker.images is no table")),
            None => {}
        }
    }

    fn table(&mut self, prefix: &str, table: Table) {
        for (key, value) in table {
            let name = format!("{prefix}{key}");
            let known = KEYS.iter().find(|known| known.name == name);
            let source = format!("{}: {name}", self.file);
            match (known, value) {
                (Some(known), value) => match texts(value) {
                    Some(values) => self.set(known.name, values, source),
                    None => self.errors.push(format!("{source}: a table or a date cannot stand here")),
                },
                (None, Value::Table(table)) if prefix.is_empty() => self.table(&format!("{name}."), table),
                (None, _) => self.errors.push(format!("{source}: there is no such setting")),
            }
        }
    }

    /// Adds `FOGBANK_*`, from whatever `variable` says.
    pub fn environment(mut self, value: impl Fn(&str) -> Option<String>) -> Self {
        for key in &KEYS {
            let name = variable(key.name);
            if let Some(text) = value(&name) {
                self.set(key.name, commas(&text), name);
            }
        }
        self
    }

    /// Adds a flag.
    pub fn flag(mut self, name: &'static str, value: Option<String>) -> Self {
        if let Some(text) = value {
            self.set(name, commas(&text), format!("--{name}"));
        }
        self
    }

    fn set(&mut self, name: &'static str, values: Vec<String>, source: String) {
        self.values.insert(name, Raw { values, source });
    }
}

fn commas(text: &str) -> Vec<String> {
    text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Boolean(switch) => Some(vec![switch.to_string()]),
        Value::Array(values) => values.into_iter().map(texts).collect::<Option<Vec<_>>>().map(|lists| lists.concat()),
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}
