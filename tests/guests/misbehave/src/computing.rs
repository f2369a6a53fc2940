//! Too much of a processor, of memory, of the stack, of time.

use fogbank_sdk::{Request, Response, Result};
use std::hint::black_box;
use std::time::Duration;

pub fn panic(_: Request) -> Result<Response> {
    panic!("a secret of the service: /etc/shadow");
}

pub fn r#loop(_: Request) -> Result<Response> {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

pub fn allocate(_: Request) -> Result<Response> {
    let mut blocks = Vec::new();
    loop {
        blocks.push(black_box(vec![1_u8; 1 << 20]));
    }
}

pub fn recurse(_: Request) -> Result<Response> {
    Ok(Response::new(deeper(black_box(0))))
}

#[allow(unconditional_recursion, reason = "that is what it is for")]
fn deeper(depth: u16) -> u16 {
    let frame = black_box([depth; 64]);
    deeper(frame[7].wrapping_add(1)).wrapping_add(frame[9])
}

/// Waits in the host, where no epoch interrupts it.
pub fn sleep(_: Request) -> Result<Response> {
    std::thread::sleep(Duration::from_secs(3600));
    Ok(Response::no_content())
}

pub fn stderr(_: Request) -> Result<Response> {
    for line in 0..10_000 {
        eprintln!("line {line} on standard error");
        println!("line {line} on standard output");
    }
    Ok(Response::no_content())
}
