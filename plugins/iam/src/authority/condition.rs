//! Conditions of bindings: expressions in CEL over the resource, the time and the request.
//! <https://cloud.google.com/iam/docs/conditions-attribute-reference>

use std::collections::HashMap;
use std::sync::Arc;

use cel::extractors::This;
use cel::{Context, Program, Value};
use chrono::{DateTime, Utc};
use fogbank_sdk::{Facts, Timestamp, log};

use super::resource::Attributes;

/// The longest expression that is looked at, in bytes.
const LONGEST: usize = 16 * 1024;

/// How deep brackets may nest: each is some twenty calls deep in the parser, and a component's stack is small.
const DEEPEST: usize = 12;

/// How many operators an expression may have; the real service takes a dozen logical ones. A chain of them is as deep as it is long.
const MOST_OPERATORS: usize = 160;

/// What an expression may look at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'s> {
    /// A full resource name.
    pub resource: &'s str,
    pub facts: &'s Facts,
    pub now: Timestamp,
}

/// Whether `expression` is true.
///
/// Errors: a sentence for a person: it cannot be read, it fails, or it is neither true nor false. A binding whose condition fails
/// grants nothing.
pub fn holds(expression: &str, scene: Scene<'_>) -> Result<bool, String> {
    let program = compile(expression)?;
    let context = context(scene)?;
    match program.execute(&context) {
        Ok(Value::Bool(answer)) => Ok(answer),
        Ok(other) => Err(format!("the condition is a {} and neither true nor false", other.type_of())),
        Err(error) => Err(format!("the condition fails: {}", one_line(&error))),
    }
}

/// Whether `expression` can be read at all: what a policy may hold.
///
/// Errors: a sentence for a person.
pub fn check(expression: &str) -> Result<(), String> {
    compile(expression).map(drop)
}

fn compile(expression: &str) -> Result<Program, String> {
    check_size(expression)?;
    Program::compile(expression).map_err(|error| format!("the condition cannot be read: {}", one_line(&error)))
}

/// The first line of a message of CEL's, which may be long.
pub fn one_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}

/// Refuses what would be too deep for the parser, before it is parsed.
///
/// Errors: a sentence for a person.
pub fn check_size(expression: &str) -> Result<(), String> {
    if expression.len() > LONGEST {
        return Err(format!("the condition has more than {LONGEST} bytes"));
    }
    let code = without_texts(expression);
    let (mut depth, mut operators) = (0_usize, code.split_ascii_whitespace().filter(|word| *word == "in").count());
    for character in code.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        operators += usize::from(character.is_ascii_punctuation() && !",_)]}".contains(character));
        if depth > DEEPEST || operators > MOST_OPERATORS {
            return Err("the condition is too long, or nests too deeply".into());
        }
    }
    Ok(())
}

/// The expression without what stands between quotation marks and in comments. One with escapes, in which a quotation mark may mean
/// itself, stays whole: better to count too much.
fn without_texts(expression: &str) -> String {
    if expression.contains(['\\']) || expression.contains("\"\"\"") || expression.contains("'''") {
        return expression.to_owned();
    }
    let (mut code, mut rest) = (String::new(), expression);
    while let Some(at) = rest.find(['\'', '"', '/']) {
        let (before, from) = rest.split_at(at);
        code.push_str(before);
        let quote = &from[..1];
        let end = if from.starts_with("//") {
            from.find('\n')
        } else if quote == "/" {
            code.push('/');
            Some(0)
        } else {
            from[1..].find(quote).map(|end| end + 1)
        };
        rest = end.map_or("", |end| &from[end + 1..]);
    }
    code + rest
}

fn context(scene: Scene<'_>) -> Result<Context<'static, 'static>, String> {
    let attributes = Attributes::of(scene.resource);
    let moment = DateTime::<Utc>::from_timestamp_millis(scene.now.millis()).ok_or("the clock is out of range")?;
    let text = |text: &str| Value::String(Arc::new(text.to_owned()));
    let nobody = Value::from(HashMap::from([("access_levels", Value::List(Arc::default()))]));
    let resource = HashMap::from([
        ("name", text(&attributes.name)),
        ("service", text(&attributes.service)),
        ("type", text(&attributes.kind)),
    ]);
    let request = HashMap::from([
        ("time", Value::Timestamp(moment.fixed_offset())),
        ("path", text(&scene.facts.path)),
        ("host", text(&scene.facts.host)),
        ("method", text(&scene.facts.method)),
        ("auth", nobody),
    ]);
    let mut context = Context::default();
    context.add_variable_from_value("resource", resource);
    context.add_variable_from_value("request", request);
    context.add_variable_from_value("api", HashMap::<&str, Value>::new());
    functions(&mut context).map_err(|error| one_line(&error))?;
    Ok(context)
}

/// Adds what IAM has beside CEL's own functions.
///
/// Errors: where CEL has one of these itself.
pub fn functions(context: &mut Context<'static, 'static>) -> Result<(), cel::DeclarationError> {
    context.add_function("extract", extract)?;
    context.add_function("getAttribute", |This(_): This<Value>, _name: Arc<String>, default: Value| default)?;
    context.add_function("hasOnly", has_only)?;
    context.add_function("matchTag", |This(_): This<Value>, _key: Arc<String>, _value: Arc<String>| {
        without_tags("matchTag")
    })?;
    context.add_function("matchTagId", |This(_): This<Value>, _key: Arc<String>, _value: Arc<String>| {
        without_tags("matchTagId")
    })?;
    context.add_function("hasTagKey", |This(_): This<Value>, _key: Arc<String>| without_tags("hasTagKey"))?;
    context.add_function("hasTagKeyId", |This(_): This<Value>, _key: Arc<String>| without_tags("hasTagKeyId"))?;
    Ok(())
}

/// Tags of resources are not known here, so that no resource has one.
fn without_tags(function: &str) -> bool {
    log::warn!("resource.{function} in a condition is always false: tags are not looked at");
    false
}

/// `"projects/p/buckets/b".extract("/buckets/{bucket}")`: what stands for the part in braces; empty where the text does not fit.
fn extract(This(text): This<Arc<String>>, template: Arc<String>) -> String {
    let parts = template.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)));
    let Some((before, behind)) = parts else { return String::new() };
    let Some(start) = text.find(before).map(|at| at + before.len()) else { return String::new() };
    let rest = &text[start..];
    match behind {
        "" => rest.to_owned(),
        behind => rest.find(behind).map(|end| rest[..end].to_owned()).unwrap_or_default(),
    }
}

/// Whether everything in the one list is in the other.
fn has_only(This(own): This<Arc<Vec<Value>>>, allowed: Arc<Vec<Value>>) -> bool {
    own.iter().all(|value| allowed.contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = "//storage.googleapis.com/projects/_/buckets/b/objects/logs/2026/a.txt";

    fn facts() -> Facts {
        Facts { method: "GET".into(), host: "storage.googleapis.com".into(), path: "/storage/v1/b/b/o/x".into() }
    }

    fn at(expression: &str, time: &str) -> Result<bool, String> {
        holds(expression, Scene { resource: OBJECT, facts: &facts(), now: Timestamp::parse(time).unwrap() })
    }

    fn now(expression: &str) -> Result<bool, String> {
        at(expression, "2026-11-21T12:30:00Z")
    }

    #[test]
    fn names_services_and_types() {
        for expression in [
            "resource.name.startsWith('projects/_/buckets/b/objects/logs/')",
            "resource.service == 'storage.googleapis.com'",
            "resource.type == \"storage.googleapis.com/Object\" && resource.name.endsWith('.txt')",
            "resource.type == 'storage.googleapis.com/Bucket' || resource.name.extract('/buckets/{bucket}/') == 'b'",
            "resource.name.extract('objects/{rest}') == 'logs/2026/a.txt'",
            "resource.name.extract('nothing/{rest}') == ''",
            "resource.type in ['storage.googleapis.com/Object', 'storage.googleapis.com/Bucket']",
            "request.path.startsWith('/storage/') && request.host == 'storage.googleapis.com'",
        ] {
            assert_eq!(now(expression), Ok(true), "{expression}");
        }
        assert_eq!(now("resource.name.startsWith('projects/_/buckets/other')"), Ok(false));
    }

    #[test]
    fn before_and_after_a_moment() {
        let expression = "request.time < timestamp('2026-12-01T00:00:00Z')";
        assert_eq!(at(expression, "2026-11-30T23:59:59Z"), Ok(true));
        assert_eq!(at(expression, "2026-12-01T00:00:00Z"), Ok(false));
        let expression = "request.time > timestamp('2026-11-01T00:00:00Z') && request.time < timestamp('2026-11-01T00:00:00Z') + duration('48h')";
        assert_eq!(at(expression, "2026-11-02T23:00:00Z"), Ok(true));
        assert_eq!(at(expression, "2026-11-03T01:00:00Z"), Ok(false));
    }

    #[test]
    fn hours_and_days_in_a_time_zone() {
        let working = "request.time.getHours('Europe/Berlin') >= 9 && request.time.getHours('Europe/Berlin') < 17";
        assert_eq!(at(working, "2026-11-20T08:30:00Z"), Ok(true)); // 09:30 in Berlin
        assert_eq!(at(working, "2026-11-20T16:30:00Z"), Ok(false)); // 17:30 in Berlin
        assert_eq!(at("request.time.getHours() == 8", "2026-11-20T08:30:00Z"), Ok(true));
        assert_eq!(at("request.time.getDayOfWeek('Europe/Berlin') == 5", "2026-11-20T08:30:00Z"), Ok(true)); // Friday
        assert_eq!(
            at("request.time.getFullYear() == 2026 && request.time.getMonth() == 10", "2026-11-20T08:30:00Z"),
            Ok(true)
        );
    }

    #[test]
    fn attributes_of_apis_have_their_defaults() {
        assert_eq!(now("api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('x')"), Ok(false));
        let expression = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/viewer'])";
        assert_eq!(now(expression), Ok(true));
        assert_eq!(now("['a', 'b'].hasOnly(['a'])"), Ok(false));
        assert_eq!(now("'levels/x' in request.auth.access_levels"), Ok(false));
        assert_eq!(now("resource.matchTag('123/env', 'prod') || resource.hasTagKey('123/env')"), Ok(false));
    }

    #[test]
    fn what_fails_is_neither_true_nor_false() {
        for expression in [
            "",
            "resource.name ==",
            "resource.size > 5",
            "1 + 1",
            "nobody('x')",
            "resource.name.startsWith(1)",
            "1 / 0 == 1",
        ] {
            assert!(now(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn f36_a_condition_that_nests_without_end_is_refused() {
        for expression in [
            "(".repeat(5000) + "true" + &")".repeat(5000),
            "!".repeat(5000) + "true",
            "-".repeat(5000) + "1 == 1",
            "[".repeat(3000),
            "true ? ".repeat(1000) + "true",
            "1 in ".repeat(300) + "[1]",
            "a".repeat(LONGEST + 1),
            "true && ".repeat(900) + "true",
            "true || ".repeat(900) + "true",
            "1 + ".repeat(1900) + "1 == 1",
            "a".to_owned() + &".a".repeat(4000),
        ] {
            assert!(
                now(&expression).unwrap_err().contains("too long") || expression.len() > LONGEST,
                "{}",
                &expression[..9]
            );
        }
    }

    #[test]
    fn f36_what_is_as_deep_as_it_may_be_is_answered() {
        for expression in [
            "(".repeat(DEEPEST) + "true" + &")".repeat(DEEPEST),
            "true && ".repeat(MOST_OPERATORS / 2) + "true",
            "1 + ".repeat(MOST_OPERATORS - 2) + "1 == 159",
            "!".repeat(MOST_OPERATORS) + "true",
            "[".repeat(DEEPEST) + &"]".repeat(DEEPEST) + " != []",
        ] {
            assert_eq!(now(&expression), Ok(true), "{expression}");
        }
    }

    #[test]
    fn texts_and_comments_are_not_counted() {
        assert_eq!(without_texts("a == 'b.c' // it's\n && \"d'e\" / 2"), "a ==   &&  / 2");
        assert_eq!(without_texts(r"a == 'b\'.c'"), r"a == 'b\'.c'");
        assert_eq!(without_texts("'open"), "");
        let long = format!("resource.name != '{}'", "a.b/c-d".repeat(1000));
        assert_eq!(now(&long), Ok(true));
    }
}
