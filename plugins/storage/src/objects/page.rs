//! A page of `objects.list`: which names become items, which fold into common prefixes, and where the scan goes on.
//!
//! The scan reads names in byte order in small batches. After a name has folded into a prefix it jumps behind
//! everything that begins with that prefix, so that a page costs a page, whatever lies below its prefixes.

use super::filter::Filter;
use super::glob::Glob;
use crate::model::prefix;

/// Where a scan begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At this name, or the first one behind it.
    Name(String),
    /// Behind this generation of this name.
    Behind(String, i64),
    /// There is nothing behind the last prefix.
    Nowhere,
}

/// A name that a scan found.
pub trait Named {
    fn name(&self) -> &str;
    /// 0 for what is not an object (a folder): it shows only as a prefix.
    fn generation(&self) -> i64;
    /// Whether a filter keeps it.
    fn passes(&self, filter: &Filter) -> bool;
    /// About how many bytes it has in an answer.
    fn weight(&self) -> usize;
}

/// What is asked for.
#[derive(Debug, Default)]
pub struct Query {
    pub prefix: String,
    /// Empty: names never fold.
    pub delimiter: String,
    /// A name that ends with its first delimiter is an item too.
    pub trailing: bool,
    pub start_offset: String,
    /// Names from here on are left out.
    pub end_offset: Option<String>,
    pub glob: Option<Glob>,
    pub filter: Option<Filter>,
    /// Items and prefixes together.
    pub limit: usize,
}

/// What is found.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub prefixes: Vec<String>,
    /// Where the next page begins; absent at the end.
    pub next: Option<Start>,
    /// Of the items, in bytes.
    pub weight: usize,
}

/// A page looks at no more rows than this, so that a pattern that matches nothing costs many small pages.
const MAX_ROWS: usize = 20_000;
const SMALLEST_BATCH: usize = 8;
/// A page ends where its items have about this many bytes, so that an instance's memory holds it: as rows, as resources
/// and as the answer's text.
const MAX_WEIGHT: usize = 6 << 20;

impl<T: Named> Page<T> {
    fn push(&mut self, item: T) {
        self.weight += item.weight();
        self.items.push(item);
    }
}

impl Query {
    /// Where the first page begins.
    pub fn first(&self) -> Start {
        let literal = self.glob.as_ref().map(Glob::literal_prefix).unwrap_or_default();
        Start::Name([&self.prefix, &self.start_offset, &literal].into_iter().max().cloned().unwrap_or_default())
    }

    /// The name before which every scan ends; absent for all names.
    pub fn end(&self) -> Option<String> {
        let literal = self.glob.as_ref().map(Glob::literal_prefix).unwrap_or_default();
        let ends = [prefix::end_of(&self.prefix), prefix::end_of(&literal), self.end_offset.clone()];
        ends.into_iter().flatten().min()
    }

    /// Reads a page. `scan(from, limit)` gives at most `limit` rows in order of name and generation, all of them
    /// before [`Query::end`]; fewer only at the end. Where so many rows are too large a scan lowers the limit, and the
    /// page ends with them.
    pub fn page<T: Named, E>(
        &self,
        from: Start,
        mut scan: impl FnMut(&Start, &mut usize) -> Result<Vec<T>, E>,
    ) -> Result<Page<T>, E> {
        let mut page = Page { items: Vec::new(), prefixes: Vec::new(), next: None, weight: 0 };
        let mut at = from;
        let mut batch = self.limit.saturating_add(1).clamp(SMALLEST_BATCH, 1000);
        let mut seen = 0;
        while at != Start::Nowhere {
            let asked = batch;
            let rows = scan(&at, &mut batch)?;
            let (count, end) = (rows.len(), rows.len() < batch);
            let stop = self.fold(rows, &mut at, &mut page);
            seen += count;
            if stop || ((seen >= MAX_ROWS || batch < asked) && !end) {
                page.next = Some(at);
                return Ok(page);
            }
            if end {
                break;
            }
            // A batch that ended inside a prefix was too large; one that was used up may grow again.
            let jumped = matches!(&at, Start::Name(_) | Start::Nowhere);
            batch = if jumped { SMALLEST_BATCH } else { (batch * 4).min(1000) };
        }
        Ok(page)
    }

    /// Puts rows into the page, moving `at` along; true when the page is full and something is left for the next.
    fn fold<T: Named>(&self, rows: Vec<T>, at: &mut Start, page: &mut Page<T>) -> bool {
        for row in rows {
            if jumped(at, row.name()) {
                continue;
            }
            let wanted = self.wants(&row);
            let folded = self.common_prefix(row.name()).map(str::to_owned);
            let full = page.items.len() + page.prefixes.len() >= self.limit || page.weight >= MAX_WEIGHT;
            if wanted && full && !self.continues(&folded, page) {
                return true;
            }
            let behind = Start::Behind(row.name().to_owned(), row.generation());
            match folded {
                Some(common) if wanted => {
                    let shown = self.trailing && row.name() == common && row.generation() != 0;
                    // The name itself sorts first below its prefix, and each of its generations is an item.
                    *at = if shown { behind } else { prefix::end_of(&common).map_or(Start::Nowhere, Start::Name) };
                    if page.prefixes.last() != Some(&common) {
                        page.prefixes.push(common);
                    }
                    if shown {
                        page.push(row);
                    }
                }
                _ => {
                    *at = behind;
                    if wanted && row.generation() != 0 {
                        page.push(row);
                    }
                }
            }
        }
        false
    }

    /// Whether a row is listed, under its own name or its prefix. Folders show whatever is in them.
    fn wants(&self, row: &impl Named) -> bool {
        row.generation() == 0
            || (self.glob.as_ref().is_none_or(|glob| glob.matches(row.name()))
                && self.filter.as_ref().is_none_or(|filter| row.passes(filter)))
    }

    /// Whether a row that folds adds nothing: its prefix is the last one of a page that is full.
    fn continues<T>(&self, folded: &Option<String>, page: &Page<T>) -> bool {
        !self.trailing && folded.is_some() && folded.as_ref() == page.prefixes.last()
    }

    /// The name up to and with the first delimiter behind the prefix.
    fn common_prefix<'a>(&self, name: &'a str) -> Option<&'a str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = name.strip_prefix(self.prefix.as_str())?;
        let found = rest.find(&self.delimiter)?;
        Some(&name[..self.prefix.len() + found + self.delimiter.len()])
    }
}

/// Whether a row of the batch in hand lies before the place that the scan has jumped to.
fn jumped(at: &Start, name: &str) -> bool {
    match at {
        Start::Name(start) => name < start.as_str(),
        Start::Behind(..) => false,
        Start::Nowhere => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    type Row = (String, i64);

    impl Named for Row {
        fn name(&self) -> &str {
            &self.0
        }
        fn generation(&self) -> i64 {
            self.1
        }
        fn passes(&self, _filter: &Filter) -> bool {
            true
        }
        fn weight(&self) -> usize {
            if self.0.starts_with("heavy") { MAX_WEIGHT / 2 } else { 100 }
        }
    }

    /// A table that counts how many rows it gives.
    struct Table {
        rows: Vec<Row>,
        read: usize,
        scans: usize,
        /// The most rows of one scan.
        most: usize,
    }

    impl Table {
        fn new(names: &[&str]) -> Table {
            let mut rows: Vec<Row> = names.iter().map(|name| (name.to_string(), 1)).collect();
            rows.sort();
            Table { rows, read: 0, scans: 0, most: 1000 }
        }

        fn scan(&mut self, query: &Query, from: &Start, limit: &mut usize) -> Vec<Row> {
            let end = query.end();
            *limit = self.most.min(*limit);
            let inside = |row: &&Row| {
                let begun = match from {
                    Start::Name(name) => row.0 >= *name,
                    Start::Behind(name, generation) => (&row.0, row.1) > (name, *generation),
                    Start::Nowhere => false,
                };
                begun && end.as_ref().is_none_or(|end| row.0 < *end)
            };
            let rows: Vec<Row> = self.rows.iter().filter(inside).take(*limit).cloned().collect();
            self.read += rows.len();
            self.scans += 1;
            rows
        }
    }

    fn page(table: &mut Table, query: &Query, from: Start) -> Page<Row> {
        query.page(from, |from, limit| Ok::<_, Infallible>(table.scan(query, from, limit))).unwrap()
    }

    /// All pages one behind the other, as one list of names and prefixes in order of appearance.
    fn all(table: &mut Table, query: &Query) -> Vec<String> {
        let mut found = Vec::new();
        let mut from = query.first();
        loop {
            let page = page(table, query, from);
            assert!(page.items.len() + page.prefixes.len() <= query.limit.max(1) + usize::from(query.trailing));
            let mut names: Vec<String> = page.prefixes.iter().map(|prefix| format!("[{prefix}]")).collect();
            names.extend(page.items.into_iter().map(|row| row.0));
            names.sort_by_key(|name| name.trim_matches(['[', ']']).to_owned());
            found.extend(names);
            match page.next {
                Some(next) => from = next,
                None => return found,
            }
        }
    }

    fn query(prefix: &str, delimiter: &str, limit: usize) -> Query {
        Query { prefix: prefix.into(), delimiter: delimiter.into(), limit, ..Query::default() }
    }

    const NAMES: [&str; 9] = ["a", "b/", "b/1", "b/2", "b/c/3", "d", "foo", "foo/bar", "z😀"];

    #[test]
    fn names_fold_at_the_delimiter_whatever_the_page() {
        for limit in 1..=10 {
            let mut table = Table::new(&NAMES);
            assert_eq!(all(&mut table, &query("", "/", limit)), ["a", "[b/]", "d", "foo", "[foo/]", "z😀"], "{limit}");
            assert_eq!(all(&mut table, &query("b/", "/", limit)), ["b/", "b/1", "b/2", "[b/c/]"], "{limit}");
            assert_eq!(all(&mut table, &query("", "", limit)), NAMES, "{limit}");
            assert_eq!(all(&mut table, &query("foo", "", limit)), ["foo", "foo/bar"], "{limit}");
            assert_eq!(all(&mut table, &query("nothing", "/", limit)), Vec::<String>::new());
        }
    }

    #[test]
    fn rows_that_are_too_large_make_smaller_pages() {
        for most in 1..=4 {
            let mut table = Table { most, ..Table::new(&NAMES) };
            assert_eq!(all(&mut table, &query("", "/", 100)), ["a", "[b/]", "d", "foo", "[foo/]", "z😀"], "{most}");
            assert_eq!(all(&mut table, &query("", "", 100)), NAMES, "{most}");
            assert!(page(&mut table, &query("", "", 100), Start::Name(String::new())).items.len() <= most);
        }
    }

    #[test]
    fn a_page_ends_where_it_is_heavy() {
        let names = ["a", "heavy-1", "heavy-2", "heavy-3", "x/y", "z"];
        let mut table = Table::new(&names);
        let first = page(&mut table, &query("", "/", 100), Start::Name(String::new()));
        assert_eq!((first.items.len(), first.next), (3, Some(Start::Behind("heavy-2".into(), 1))));
        assert_eq!(all(&mut table, &query("", "/", 100)), ["a", "heavy-1", "heavy-2", "heavy-3", "[x/]", "z"]);
    }

    #[test]
    fn a_trailing_delimiter_is_an_item_where_asked_for() {
        let mut table = Table::new(&NAMES);
        let query = Query { trailing: true, ..query("", "/", 100) };
        let page = page(&mut table, &query, query.first());
        assert_eq!(page.prefixes, ["b/", "foo/"]);
        let names: Vec<_> = page.items.iter().map(|row| row.0.as_str()).collect();
        assert_eq!(names, ["a", "b/", "d", "foo", "z😀"]);
    }

    #[test]
    fn offsets_and_globs_narrow_the_scan() {
        let mut table = Table::new(&NAMES);
        let offsets = Query { start_offset: "b/2".into(), end_offset: Some("foo".into()), ..query("", "", 2) };
        assert_eq!(all(&mut table, &offsets), ["b/2", "b/c/3", "d"]);
        let glob = Query { glob: Some(Glob::parse("b/*").unwrap()), ..query("", "", 1) };
        assert_eq!(all(&mut table, &glob), ["b/", "b/1", "b/2"]);
        let glob = Query { glob: Some(Glob::parse("**/3").unwrap()), ..query("", "/", 5) };
        assert_eq!(all(&mut table, &glob), ["[b/]"]);
    }

    #[test]
    fn generations_of_one_name_go_over_pages() {
        let mut table = Table::new(&[]);
        table.rows = (1..=5).map(|generation| ("x".to_owned(), generation)).collect();
        assert_eq!(all(&mut table, &query("", "/", 2)), ["x"; 5]);
    }

    #[test]
    fn folders_show_only_as_prefixes() {
        let mut table = Table::new(&["a"]);
        table.rows.push(("empty/".to_owned(), 0));
        assert_eq!(all(&mut table, &query("", "/", 10)), ["a", "[empty/]"]);
    }

    #[test]
    fn f13_a_page_of_prefixes_does_not_read_what_is_below_them() {
        let names: Vec<String> = (0..20).flat_map(|dir| (0..5000).map(move |i| format!("d{dir:02}/{i:05}"))).collect();
        let mut table = Table::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let found = all(&mut table, &query("", "/", 1000));
        assert_eq!(found.len(), 20);
        assert!(table.read < 1500 && table.scans < 30, "{} rows in {} scans", table.read, table.scans);
    }
}
