//! What sudo is asked for: the options that people use. <https://www.sudo.ws/docs/man/sudo.man/>

use std::ffi::OsString;
use std::io::{Error, Result};

/// A command, and as whom and how it is to run.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    pub user: String,
    pub command: Vec<OsString>,
    /// `NAME=VALUE` before the command.
    pub variables: Vec<(String, String)>,
    pub keeps_environment: bool,
    pub in_shell: bool,
    pub is_login: bool,
    /// `-v`: may the caller, or not.
    pub only_validates: bool,
    /// `-l`: what the caller may.
    pub lists: bool,
}

/// Reads arguments.
///
/// # Errors
/// An option that is not known, or no command.
pub fn read(arguments: impl Iterator<Item = OsString>) -> Result<Wanted> {
    let mut wanted = Wanted {
        user: "root".to_owned(),
        command: Vec::new(),
        variables: Vec::new(),
        keeps_environment: false,
        in_shell: false,
        is_login: false,
        only_validates: false,
        lists: false,
    };
    let mut arguments = arguments.peekable();
    while let Some(text) = arguments.peek().and_then(|argument| argument.to_str()).map(str::to_owned) {
        if text == "--" {
            arguments.next();
            break;
        }
        if let Some(variable) = variable(&text) {
            wanted.variables.push(variable);
        } else if !text.starts_with('-') || text == "-" {
            break;
        } else if let Some(value) = option(&mut wanted, &text)? {
            let next = arguments.nth(1).and_then(|value| value.into_string().ok());
            take(&mut wanted, value, next)?;
            continue;
        }
        arguments.next();
    }
    wanted.command = arguments.collect();
    match wanted.command.is_empty() && !(wanted.in_shell || wanted.only_validates || wanted.lists) {
        true => Err(Error::other("a command is needed")),
        false => Ok(wanted),
    }
}

fn variable(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let form = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let named = !name.is_empty() && name.bytes().all(form) && !name.starts_with(|first: char| first.is_ascii_digit());
    named.then(|| (name.to_owned(), value.to_owned()))
}

/// Takes an argument with options; gives the one whose value is the next argument.
fn option(wanted: &mut Wanted, text: &str) -> Result<Option<char>> {
    if let Some(long) = text.strip_prefix("--") {
        return long_option(wanted, long);
    }
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            'n' | 'S' | 'k' | 'K' | 'H' | 'b' | 'P' => {}
            'E' => wanted.keeps_environment = true,
            's' => wanted.in_shell = true,
            'i' => (wanted.in_shell, wanted.is_login) = (true, true),
            'v' => wanted.only_validates = true,
            'l' => wanted.lists = true,
            'u' | 'g' | 'p' => {
                let rest = &text[at + 1..];
                if rest.is_empty() {
                    return Ok(Some(letter));
                }
                take(wanted, letter, Some(rest.to_owned()))?;
                return Ok(None);
            }
            other => return Err(Error::other(format!("the option -{other} is not known"))),
        }
    }
    Ok(None)
}

fn long_option(wanted: &mut Wanted, long: &str) -> Result<Option<char>> {
    match long.split_once('=') {
        Some(("user", name)) => take(wanted, 'u', Some(name.to_owned()))?,
        Some(("preserve-env", names)) => {
            let kept = names.split(',').filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
            wanted.variables.extend(kept);
        }
        Some(("prompt" | "group", _)) => {}
        None if matches!(long, "non-interactive" | "stdin" | "set-home" | "reset-timestamp") => {}
        None if long == "preserve-env" => wanted.keeps_environment = true,
        None if long == "login" => (wanted.in_shell, wanted.is_login) = (true, true),
        None if long == "shell" => wanted.in_shell = true,
        None if long == "user" => return Ok(Some('u')),
        None if long == "list" => wanted.lists = true,
        None if long == "validate" => wanted.only_validates = true,
        _ => return Err(Error::other(format!("the option --{long} is not known"))),
    }
    Ok(None)
}

fn take(wanted: &mut Wanted, letter: char, value: Option<String>) -> Result<()> {
    let value = value.ok_or_else(|| Error::other(format!("the option -{letter} needs a value")))?;
    if letter == 'u' {
        wanted.user = value;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(line: &str) -> Result<Wanted> {
        read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn options_end_where_the_command_begins() {
        let one = wanted("-nE -u ann A=1 ls -l B=2").unwrap();
        assert_eq!((one.user.as_str(), one.keeps_environment), ("ann", true));
        assert_eq!(one.command, ["ls", "-l", "B=2"]);
        assert_eq!(one.variables, [("A".to_owned(), "1".to_owned())]);
        assert_eq!(wanted("-uann -- -x").unwrap().command, ["-x"]);
    }

    #[test]
    fn a_shell_needs_no_command() {
        let shell = wanted("-i").unwrap();
        assert!(shell.in_shell && shell.is_login && shell.user == "root");
        assert!(wanted("").is_err() && wanted("-u").is_err() && wanted("-Z id").is_err());
        assert!(wanted("-v").unwrap().only_validates && wanted("-l").unwrap().lists);
    }
}
