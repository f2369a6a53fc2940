//! The code of the table of schemas.

use std::fmt::Write;

use crate::tables::{Field, Schemas};

/// `SCHEMAS`, sorted by name, the fields of each sorted by name.
pub fn render(schemas: &Schemas) -> String {
    let mut code = format!("pub(super) static SCHEMAS: [Schema; {}] = [\n", schemas.len());
    for (name, fields) in schemas {
        let _ = writeln!(code, "Schema {{ name: {name:?}, fields: &[");
        fields.iter().for_each(|field| code.push_str(&line(field, schemas)));
        code.push_str("] },\n");
    }
    code + "];\n"
}

/// The place of a schema in the table.
pub fn place(name: &str, schemas: &Schemas) -> usize {
    schemas.keys().position(|other| other == name).unwrap_or_else(|| panic!("there is no schema {name}"))
}

fn line(field: &Field, schemas: &Schemas) -> String {
    let has = |flag: &str| field.flags.iter().any(|other| other == flag);
    let values: Vec<String> = field.values.iter().map(|value| format!("{value:?}")).collect();
    format!(
        "Field {{ name: {:?}, kind: {}, output_only: {}, required: {}, values: &[{}], pattern: {:?} }},\n",
        field.name,
        kind(&field.kind, schemas),
        has("output"),
        has("required"),
        values.join(", "),
        field.pattern,
    )
}

fn kind(text: &str, schemas: &Schemas) -> String {
    let inner = |open, close| text.strip_prefix(open).and_then(|text: &str| text.strip_suffix(close));
    if let Some(item) = inner('[', ']') {
        return format!("Kind::List(&{})", kind(item, schemas));
    }
    if let Some(item) = inner('{', '}') {
        return format!("Kind::Map(&{})", kind(item, schemas));
    }
    match text {
        "string" | "bytes" | "time" | "duration" => "Kind::Text".to_owned(),
        "int32" => "Kind::Int32".to_owned(),
        "uint32" => "Kind::Uint32".to_owned(),
        "int64" => "Kind::Int64".to_owned(),
        "uint64" => "Kind::Uint64".to_owned(),
        "bool" => "Kind::Bool".to_owned(),
        "double" => "Kind::Double".to_owned(),
        "any" => "Kind::Any".to_owned(),
        name => format!("Kind::Object({})", place(name, schemas)),
    }
}
