use super::*;

const TYPE: &str = "multipart/related; boundary=b";

type Parts = Vec<(Vec<(String, String)>, Vec<u8>)>;

fn read(content_type: &str, body: impl AsRef<[u8]>) -> Result<Parts> {
    let mut multipart = Multipart::parse(content_type, Body::from(body.as_ref().to_vec()))?;
    let mut parts = Vec::new();
    while let Some(mut part) = multipart.next()? {
        let content = part.body.read_to_end(1 << 20)?;
        parts.push((part.headers, content));
    }
    Ok(parts)
}

fn contents(body: impl AsRef<[u8]>) -> Vec<Vec<u8>> {
    read(TYPE, body).unwrap().into_iter().map(|(_, content)| content).collect()
}

fn upload(line_end: &str) -> Vec<u8> {
    let text = "--b|Content-Type: application/json||{\"name\": \"x\"}|--b|Content-Type: text/plain|X-Y:  z ||one\r\ntwo\n|--b--|";
    text.replace('|', line_end).into_bytes()
}

#[test]
fn reads_crlf_and_bare_lf() {
    for line_end in ["\r\n", "\n"] {
        let parts = read(TYPE, upload(line_end)).unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].0, [("content-type".to_owned(), "application/json".to_owned())]);
        assert_eq!(parts[0].1, b"{\"name\": \"x\"}");
        assert_eq!(parts[1].0[1], ("x-y".to_owned(), "z".to_owned()));
        assert_eq!(parts[1].1, b"one\r\ntwo\n");
    }
}

#[test]
fn f01_content_is_kept_byte_for_byte() {
    let every_byte: Vec<u8> = (0..=255).chain(*b"\n--\r\n--\r\r\n").collect();
    for line_end in ["\r\n", "\n"] {
        for content in [&every_byte[..], b"", b"\r", b"\n", b"\r\n", b"-", b"--"] {
            let start = format!("--b{line_end}A: b{line_end}{line_end}").into_bytes();
            let body = [&start[..], content, line_end.as_bytes(), b"--b--"].concat();
            assert_eq!(contents(body), [content]);
        }
    }
    // What begins as the boundary does may not stand in the content (RFC 2046 section 5.1.1): it is refused, not cut off.
    assert!(read(TYPE, "--b\r\n\r\none\r\n--bb\r\n--b--").is_err());
}

#[test]
fn boundaries_may_be_quoted_in_any_way() {
    for (value, boundary) in [
        ("multipart/related; boundary=x", "x"),
        ("Multipart/Mixed;boundary=\"a b\"; charset=x", "a b"),
        ("multipart/related; boundary='===============44=='", "===============44=="),
        ("multipart/mixed; charset=\"a;boundary=no\"; BOUNDARY=\"===5\\\"==\"", "===5\"=="),
        ("multipart/related; type='application/json'; boundary=x ; a=b", "x"),
        ("multipart/related; boundary='x", "'x"),
    ] {
        let body = format!("--{boundary}\n\nhello\n--{boundary}--");
        assert_eq!(read(value, body).unwrap(), [(vec![], b"hello".to_vec())], "{value}");
    }
}

#[test]
fn f35_a_content_type_without_a_boundary_is_400() {
    let long = format!("multipart/related; boundary={}", "x".repeat(71));
    for value in [
        "",
        "text/plain; boundary=b",
        "multipart/related",
        "multipart/related; boundary=",
        "multipart/related; boundary=\"b",
        &long,
    ] {
        assert_eq!(read(value, upload("\n")).unwrap_err().http_status(), 400, "{value}");
    }
}

#[test]
fn preamble_padding_and_epilogue_are_passed_over() {
    assert_eq!(contents("This is MIME.\r\n\r\n--b \t\r\n\r\nhello\r\n--b--\r\nbye\r\n--b\r\n"), [b"hello"]);
    assert_eq!(contents("--b--").len(), 0);
    assert!(read(TYPE, "x--b\r\n\r\nhello\r\n--b--").is_err());
}

#[test]
fn a_part_may_have_headers_and_no_content() {
    assert_eq!(contents("--b\r\nA: b\r\n\r\n--b--"), [b""]);
    assert_eq!(contents("--b\nA: b\n\n--b\nA: c\n\n\n--b--"), [b"", b""]);
    assert_eq!(contents("--b\r\n\r\n--b--"), [b""]);
}

#[test]
fn f35_a_body_that_is_cut_anywhere_is_400() {
    for line_end in ["\r\n", "\n"] {
        let whole = upload(line_end);
        let end = whole.len() - line_end.len();
        assert!(read(TYPE, &whole[..end]).is_ok());
        for cut in 0..end {
            assert_eq!(read(TYPE, &whole[..cut]).unwrap_err().http_status(), 400, "{cut}");
        }
    }
}

#[test]
fn f35_headers_are_bounded_and_well_formed() {
    let with = |headers: &str| read(TYPE, format!("--b\r\n{headers}\r\n\r\nx\r\n--b--"));
    assert!(with("A: b").is_ok());
    for headers in ["no colon", ": x", "a b: c", " folded: first"] {
        assert_eq!(with(headers).unwrap_err().http_status(), 400, "{headers}");
    }
    assert!(with(&format!("A: {}", "x".repeat(9000))).is_err());
    assert!(with(&vec!["A: b"; 33].join("\r\n")).is_err());
    assert!(with(&vec!["A: b"; 32].join("\r\n")).is_ok());
    assert_eq!(with("A: b\r\n  c").unwrap()[0].0[0].1, "b c");
    assert!(read(TYPE, "--b\r\n\r\nx\r\n".repeat(1001) + "--b--").is_err());
}

#[test]
fn a_part_that_is_not_read_is_passed_over() {
    let mut multipart = Multipart::parse(TYPE, Body::from(upload("\r\n"))).unwrap();
    assert_eq!(multipart.next().unwrap().unwrap().content_type(), Some("application/json"));
    let mut part = multipart.next().unwrap().unwrap();
    assert_eq!(part.body.read(3).unwrap().unwrap(), b"one");
    assert!(multipart.next().unwrap().is_none());
    assert!(multipart.next().unwrap().is_none());
}

#[test]
fn a_forms_fields_have_names() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b.txt\"\r\n\r\nx\r\n--b--";
    let mut multipart =
        Multipart::parse("multipart/form-data; boundary=b", Body::from(body.as_bytes().to_vec())).unwrap();
    let part = multipart.next().unwrap().unwrap();
    assert_eq!(part.name().as_deref(), Some("file"));
    assert_eq!(parameter(part.header("content-disposition").unwrap(), "filename").as_deref(), Some("a;b.txt"));
}
