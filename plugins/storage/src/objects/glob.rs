//! `matchGlob` of `objects.list`: `*` and `?` stay within a path segment, `**` crosses segments (`**/` also stands for
//! no segment at all), `[a-z]` and `[!a-z]` are sets, `{a,b}` are alternatives, `\` takes the next character as it is.
//!
//! A pattern is expanded into alternatives without braces, and each is matched by a table of pattern by name, so that
//! no pattern costs more than their product.
//!
//! <https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob>

/// More alternatives than this are refused: `{a,b}` ten times over is already 1024.
const MAX_ALTERNATIVES: usize = 1024;
const MAX_BYTES: usize = 1024;

/// Why a pattern is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlobError {
    /// Longer than 1024 bytes, or too many alternatives.
    TooLong,
    /// A `[` or `{` without its end, or a `\` at the end.
    Unfinished,
}

/// A pattern, ready to match.
#[derive(Debug)]
pub struct Glob {
    alternatives: Vec<Vec<Token>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Literal(char),
    /// `?`
    One,
    /// `*`
    Segment,
    /// `**`
    Any,
    /// `**/` at the beginning of a segment: whole segments, or none.
    Segments,
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// Reads a pattern.
    pub fn parse(pattern: &str) -> Result<Glob, GlobError> {
        if pattern.len() > MAX_BYTES {
            return Err(GlobError::TooLong);
        }
        let chars: Vec<char> = pattern.chars().collect();
        let alternatives = expand(&chars)?.iter().map(|one| tokens(one)).collect::<Result<_, _>>()?;
        Ok(Glob { alternatives })
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        self.alternatives.iter().any(|tokens| matches(tokens, &name))
    }

    /// The text that every matching name begins with, to narrow a scan.
    pub fn literal_prefix(&self) -> String {
        let mut heads = self.alternatives.iter().map(|tokens| head(tokens));
        let first = heads.next().unwrap_or_default();
        heads.fold(first, |common, next| {
            common.chars().zip(next.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
        })
    }
}

fn head(tokens: &[Token]) -> String {
    tokens.iter().map_while(|token| if let Token::Literal(c) = token { Some(*c) } else { None }).collect()
}

/// The pattern once for each choice of its outermost `{a,b}`, and so on inwards.
fn expand(pattern: &[char]) -> Result<Vec<Vec<char>>, GlobError> {
    let mut done = Vec::new();
    let mut todo = vec![pattern.to_vec()];
    while let Some(one) = todo.pop() {
        match first_braces(&one)? {
            None => done.push(one),
            Some((start, choices, end)) => {
                for (from, to) in choices.into_iter().rev() {
                    todo.push([&one[..start], &one[from..to], &one[end..]].concat());
                }
            }
        }
        if todo.len() + done.len() > MAX_ALTERNATIVES {
            return Err(GlobError::TooLong);
        }
    }
    Ok(done)
}

type Braces = (usize, Vec<(usize, usize)>, usize);

/// Where the first `{` stands, the spans of its choices, and what follows its `}`.
fn first_braces(pattern: &[char]) -> Result<Option<Braces>, GlobError> {
    let mut at = 0;
    while at < pattern.len() && pattern[at] != '{' {
        at = skip(pattern, at)?;
    }
    if at >= pattern.len() {
        return Ok(None);
    }
    let (open, mut depth, mut choices) = (at, 0, Vec::new());
    let mut from = open + 1;
    while at < pattern.len() {
        match pattern[at] {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && pattern[at] == ',') {
            choices.push((from, at));
            from = at + 1;
        }
        if depth == 0 {
            return Ok(Some((open, choices, at + 1)));
        }
        at = skip(pattern, at)?;
    }
    Err(GlobError::Unfinished)
}

/// The position behind the character at `at`: behind the whole of an escape or a set.
fn skip(pattern: &[char], at: usize) -> Result<usize, GlobError> {
    match pattern[at] {
        '\\' if at + 1 == pattern.len() => Err(GlobError::Unfinished),
        '\\' => Ok(at + 2),
        '[' => Ok(set(pattern, at)?.1),
        _ => Ok(at + 1),
    }
}

fn tokens(pattern: &[char]) -> Result<Vec<Token>, GlobError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < pattern.len() {
        let next = skip(pattern, at)?;
        match pattern[at] {
            '\\' => tokens.push(Token::Literal(pattern[at + 1])),
            '?' => tokens.push(Token::One),
            '[' => tokens.push(set(pattern, at)?.0),
            '*' => {
                at = stars(pattern, at, &mut tokens);
                continue;
            }
            other => tokens.push(Token::Literal(other)),
        }
        at = next;
    }
    Ok(tokens)
}

/// Reads one or more stars and gives the position behind them.
fn stars(pattern: &[char], at: usize, tokens: &mut Vec<Token>) -> usize {
    let count = pattern[at..].iter().take_while(|c| **c == '*').count();
    let end = at + count;
    let begins_segment = matches!(tokens.last(), None | Some(Token::Literal('/') | Token::Segments));
    if count == 1 {
        tokens.push(Token::Segment);
    } else if begins_segment && pattern.get(end) == Some(&'/') {
        tokens.push(Token::Segments);
        return end + 1;
    } else {
        tokens.push(Token::Any);
    }
    end
}

/// The set that begins at `at`, and the position behind its `]`. A `]` right at the beginning is a member.
fn set(pattern: &[char], at: usize) -> Result<(Token, usize), GlobError> {
    let mut next = at + 1;
    let negated = matches!(pattern.get(next), Some('!' | '^'));
    next += usize::from(negated);
    let first = next;
    let mut ranges = Vec::new();
    loop {
        let mut low = *pattern.get(next).ok_or(GlobError::Unfinished)?;
        if low == ']' && next > first {
            return Ok((Token::Set { negated, ranges }, next + 1));
        }
        if low == '\\' {
            next += 1;
            low = *pattern.get(next).ok_or(GlobError::Unfinished)?;
        }
        match (pattern.get(next + 1), pattern.get(next + 2)) {
            (Some('-'), Some(high)) if *high != ']' => {
                ranges.push((low, *high));
                next += 3;
            }
            _ => {
                ranges.push((low, low));
                next += 1;
            }
        }
    }
}

/// `reach[j]`: whether the tokens so far match the first `j` characters.
fn matches(tokens: &[Token], name: &[char]) -> bool {
    let mut reach = vec![false; name.len() + 1];
    reach[0] = true;
    for token in tokens {
        reach = step(token, name, &reach);
    }
    reach[name.len()]
}

fn step(token: &Token, name: &[char], before: &[bool]) -> Vec<bool> {
    let mut after = vec![false; before.len()];
    let mut begun = false;
    for j in 0..before.len() {
        let last = j.checked_sub(1).map(|i| (i, name[i]));
        begun |= last.is_some_and(|(i, _)| before[i]);
        after[j] = match token {
            Token::Any => before[j] || last.is_some_and(|(i, _)| after[i]),
            Token::Segment => before[j] || last.is_some_and(|(i, c)| c != '/' && after[i]),
            // True where a segment may begin: nothing taken, or any characters and then a slash.
            Token::Segments => before[j] || last.is_some_and(|(_, c)| c == '/' && begun),
            single => last.is_some_and(|(i, c)| before[i] && accepts(single, c)),
        };
    }
    after
}

fn accepts(token: &Token, c: char) -> bool {
    match token {
        Token::Literal(wanted) => *wanted == c,
        Token::One => c != '/',
        Token::Set { negated, ranges } => {
            c != '/' && ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
        }
        Token::Segment | Token::Any | Token::Segments => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching<'a>(pattern: &str, names: &[&'a str]) -> Vec<&'a str> {
        let glob = Glob::parse(pattern).unwrap();
        names.iter().copied().filter(|name| glob.matches(name)).collect()
    }

    const NAMES: [&str; 8] =
        ["foobar", "foo1bar", "foo/bar", "foo/x/bar", "foo/x/y/bar", "a.txt", "dir/a.txt", "dir/sub/b.txt"];

    #[test]
    fn a_star_stays_within_a_segment() {
        assert_eq!(matching("foo*bar", &NAMES), ["foobar", "foo1bar"]);
        assert_eq!(matching("*.txt", &NAMES), ["a.txt"]);
        assert_eq!(matching("dir/*", &NAMES), ["dir/a.txt"]);
        assert_eq!(matching("*", &NAMES), ["foobar", "foo1bar", "a.txt"]);
    }

    #[test]
    fn two_stars_cross_segments_and_may_be_nothing() {
        assert_eq!(matching("foo**bar", &NAMES), ["foobar", "foo1bar", "foo/bar", "foo/x/bar", "foo/x/y/bar"]);
        assert_eq!(matching("foo/**/bar", &NAMES), ["foo/bar", "foo/x/bar", "foo/x/y/bar"]);
        assert_eq!(matching("**/*.txt", &NAMES), ["a.txt", "dir/a.txt", "dir/sub/b.txt"]);
        assert_eq!(matching("dir/**", &NAMES), ["dir/a.txt", "dir/sub/b.txt"]);
        assert_eq!(matching("**", &NAMES), NAMES);
    }

    #[test]
    fn sets_alternatives_and_escapes() {
        assert_eq!(matching("foo?bar", &NAMES), ["foo1bar"]);
        assert_eq!(matching("foo[0-9]bar", &NAMES), ["foo1bar"]);
        assert_eq!(matching("foo[!0-9]bar", &NAMES), Vec::<&str>::new());
        assert_eq!(matching("{foo/,dir/}{bar,a.txt}", &NAMES), ["foo/bar", "dir/a.txt"]);
        assert_eq!(matching("{dir/{a,sub/b},a}.txt", &NAMES), ["a.txt", "dir/a.txt", "dir/sub/b.txt"]);
        assert_eq!(matching("a\\*", &["a*", "ab"]), ["a*"]);
        assert_eq!(matching("a[]]", &["a]"]), ["a]"]);
        assert_eq!(matching("a[x\\]-]", &["a]", "a-", "ax"]), ["a]", "a-", "ax"]);
        assert_eq!(matching("x{,y}", &["x", "xy"]), ["x", "xy"]);
    }

    #[test]
    fn unfinished_and_explosive_patterns_are_refused() {
        for pattern in ["[a", "{a,b", "a\\", "[", "{{a}"] {
            assert_eq!(Glob::parse(pattern).err(), Some(GlobError::Unfinished), "{pattern}");
        }
        assert_eq!(Glob::parse(&"{a,b}".repeat(11)).err(), Some(GlobError::TooLong));
        assert!(!Glob::parse(&"*a".repeat(100)).unwrap().matches(&"a".repeat(99)));
    }

    #[test]
    fn the_literal_prefix_narrows_a_scan() {
        assert_eq!(Glob::parse("dir/a*").unwrap().literal_prefix(), "dir/a");
        assert_eq!(Glob::parse("dir/{ab,ac}*").unwrap().literal_prefix(), "dir/a");
        assert_eq!(Glob::parse("{x,y}").unwrap().literal_prefix(), "");
    }
}
