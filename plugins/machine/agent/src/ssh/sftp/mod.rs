//! SFTP, version 3 (draft-ietf-secsh-filexfer-02), on standard input and output, with the extensions that scp and sftp of
//! OpenSSH use. It runs as the user: what the user may not do, the kernel refuses.

mod attributes;
mod files;
mod requests;

use super::wire::{Fields, Message};
use files::Handles;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::process::ExitCode;

/// Largest message that is taken. Clients write at most 256 KiB at a time.
const LARGEST: u32 = 1 << 20;

/// Numbers of messages.
mod message {
    pub const INIT: u8 = 1;
    pub const VERSION: u8 = 2;
    pub const OPEN: u8 = 3;
    pub const CLOSE: u8 = 4;
    pub const READ: u8 = 5;
    pub const WRITE: u8 = 6;
    pub const LSTAT: u8 = 7;
    pub const FSTAT: u8 = 8;
    pub const SETSTAT: u8 = 9;
    pub const FSETSTAT: u8 = 10;
    pub const OPENDIR: u8 = 11;
    pub const READDIR: u8 = 12;
    pub const REMOVE: u8 = 13;
    pub const MKDIR: u8 = 14;
    pub const RMDIR: u8 = 15;
    pub const REALPATH: u8 = 16;
    pub const STAT: u8 = 17;
    pub const RENAME: u8 = 18;
    pub const READLINK: u8 = 19;
    pub const SYMLINK: u8 = 20;
    pub const STATUS: u8 = 101;
    pub const HANDLE: u8 = 102;
    pub const DATA: u8 = 103;
    pub const NAME: u8 = 104;
    pub const ATTRS: u8 = 105;
    pub const EXTENDED: u8 = 200;
}

/// What a request fails with.
#[derive(Debug)]
pub enum Failure {
    /// The end of a file or a directory.
    End,
    Io(std::io::Error),
    BadMessage,
    Unsupported,
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Io(error)
    }
}

impl From<rustix::io::Errno> for Failure {
    fn from(error: rustix::io::Errno) -> Failure {
        Failure::Io(error.into())
    }
}

impl From<super::wire::Malformed> for Failure {
    fn from(_: super::wire::Malformed) -> Failure {
        Failure::BadMessage
    }
}

impl Failure {
    /// The number and the words of a status (section 7).
    fn status(&self) -> (u32, String) {
        match self {
            Failure::End => (1, "end of file".to_owned()),
            Failure::Io(error) if error.kind() == ErrorKind::NotFound => (2, "No such file or directory".to_owned()),
            Failure::Io(error) if error.kind() == ErrorKind::PermissionDenied => (3, "Permission denied".to_owned()),
            Failure::Io(error) => (4, error.to_string()),
            Failure::BadMessage => (5, "Bad message".to_owned()),
            Failure::Unsupported => (8, "Operation unsupported".to_owned()),
        }
    }
}

/// Serves until the client ends its input.
pub fn run() -> ExitCode {
    let (mut input, mut output) = (BufReader::new(std::io::stdin().lock()), std::io::stdout().lock());
    let mut handles = Handles::default();
    loop {
        let request = match read(&mut input) {
            Ok(request) => request,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return ExitCode::SUCCESS,
            Err(_) => return ExitCode::FAILURE,
        };
        let answer = answer(&request, &mut handles);
        let packet = Message::default().string(&answer.0);
        if output.write_all(&packet.0).and_then(|()| output.flush()).is_err() {
            return ExitCode::FAILURE;
        }
    }
}

fn read(input: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if !(1..=LARGEST).contains(&length) {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut request = vec![0; length as usize];
    input.read_exact(&mut request)?;
    Ok(request)
}

fn answer(request: &[u8], handles: &mut Handles) -> Message {
    let mut fields = Fields::of(request);
    let kind = fields.byte().unwrap_or_default();
    if kind == message::INIT {
        let version = Message::new(message::VERSION).u32(3);
        return requests::EXTENSIONS.iter().fold(version, |version, (name, data)| version.string(name).string(data));
    }
    let Ok(id) = fields.u32() else { return status(0, &Failure::BadMessage.status()) };
    match requests::answer(kind, id, &mut fields, handles) {
        Ok(Some(answer)) => answer,
        Ok(None) => status(id, &(0, "Success".to_owned())),
        Err(failure) => status(id, &failure.status()),
    }
}

fn status(id: u32, (code, text): &(u32, String)) -> Message {
    Message::new(message::STATUS).u32(id).u32(*code).string(text).string("")
}

#[cfg(test)]
mod tests;
