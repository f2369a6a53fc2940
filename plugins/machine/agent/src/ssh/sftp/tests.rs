//! Requests as a client sends them.

use super::*;

struct Client {
    handles: Handles,
    directory: std::path::PathBuf,
}

impl Client {
    fn new(name: &str) -> Client {
        let directory = std::env::temp_dir().join(format!("agent-sftp-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        Client { handles: Handles::default(), directory }
    }

    fn path(&self, name: &str) -> Vec<u8> {
        self.directory.join(name).to_str().unwrap().into()
    }

    /// The kind of the answer and what follows the id.
    fn ask(&mut self, kind: u8, request: impl Fn(Message) -> Message) -> (u8, Vec<u8>) {
        let answer = answer(&request(Message::new(kind).u32(7)).0, &mut self.handles).0;
        assert_eq!(answer[1..5], [0, 0, 0, 7]);
        (answer[0], answer[5..].to_vec())
    }

    fn status(&mut self, kind: u8, request: impl Fn(Message) -> Message) -> u32 {
        let (kind, rest) = self.ask(kind, request);
        assert_eq!(kind, message::STATUS);
        Fields::of(&rest).u32().unwrap()
    }

    fn open(&mut self, name: &str, flags: u32) -> Vec<u8> {
        let path = self.path(name);
        let (kind, rest) = self.ask(message::OPEN, |open| open.string(&path).u32(flags).u32(4).u32(0o640));
        assert_eq!(kind, message::HANDLE);
        Fields::of(&rest).string().unwrap().to_vec()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.directory).unwrap();
    }
}

#[test]
fn a_file_is_written_and_read() {
    let mut client = Client::new("file");
    let handle = client.open("a", 2 | 8 | 16);
    assert_eq!(client.status(message::WRITE, |write| write.string(&handle).u64(0).string("hello")), 0);
    assert_eq!(client.status(message::CLOSE, |close| close.string(&handle)), 0);
    assert_eq!(client.status(message::CLOSE, |close| close.string(&handle)), 5);
    let handle = client.open("a", 1);
    let (kind, rest) = client.ask(message::READ, |read| read.string(&handle).u64(1).u32(100));
    assert_eq!((kind, Fields::of(&rest).string().unwrap()), (message::DATA, &b"ello"[..]));
    assert_eq!(client.status(message::READ, |read| read.string(&handle).u64(5).u32(100)), 1);
}

#[test]
fn what_is_not_there_is_told() {
    let mut client = Client::new("missing");
    let path = client.path("nothing");
    assert_eq!(client.status(message::STAT, |stat| stat.string(&path)), 2);
    assert_eq!(client.status(message::REMOVE, |remove| remove.string(&path)), 2);
    let (kind, rest) = client.ask(message::REALPATH, |real| real.string(&path));
    assert_eq!(kind, message::NAME);
    assert_eq!(Fields::of(&rest[4..]).string().unwrap(), path);
    assert_eq!(client.status(99, |request| request), 8);
    assert_eq!(client.status(message::OPEN, |open| open), 5);
}

#[test]
fn a_directory_is_made_listed_and_removed() {
    let mut client = Client::new("directory");
    let (directory, inside) = (client.path("d"), client.path("d/x"));
    assert_eq!(client.status(message::MKDIR, |make| make.string(&directory).u32(0)), 0);
    assert_eq!(client.status(message::SYMLINK, |link| link.string("target").string(&inside)), 0);
    let (_, rest) = client.ask(message::OPENDIR, |open| open.string(&directory));
    let handle = Fields::of(&rest).string().unwrap().to_vec();
    let (kind, rest) = client.ask(message::READDIR, |read| read.string(&handle));
    let mut fields = Fields::of(&rest);
    assert_eq!((kind, fields.u32(), fields.text()), (message::NAME, Ok(1), Ok("x")));
    assert!(fields.text().unwrap().starts_with("lrwxrwxrwx"));
    assert_eq!(client.status(message::READDIR, |read| read.string(&handle)), 1);
    assert_eq!(client.status(message::REMOVE, |remove| remove.string(&inside)), 0);
    assert_eq!(client.status(message::RMDIR, |remove| remove.string(&directory)), 0);
}

#[test]
fn a_rename_replaces_only_as_posix_does() {
    let mut client = Client::new("rename");
    let (from, to) = (client.path("from"), client.path("to"));
    client.open("from", 2 | 8);
    client.open("to", 2 | 8);
    assert_eq!(client.status(message::RENAME, |rename| rename.string(&from).string(&to)), 4);
    let posix = |request: Message| request.string("posix-rename@openssh.com").string(&from).string(&to);
    assert_eq!(client.status(message::EXTENDED, posix), 0);
}
