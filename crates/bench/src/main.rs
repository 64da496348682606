//! What `script/bench` and `script/kill` need beside the program: a network that is in nobody's way, and the claim alone against
//! tables of any size.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "scripts read the one, people the other")]

mod checks;
mod claims;
mod network;

use std::{env::args, process::ExitCode, time::Duration};

const USAGE: &str = "usage: crier-bench network ADDRESS MILLISECONDS | claims DATABASE_URL ROWS… | checks";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["network", address, delay] => match delay.parse().map(Duration::from_millis) {
            Ok(delay) => network::serve(address, delay).await.map_err(|error| error.to_string()),
            Err(_) => Err(USAGE.to_owned()),
        },
        ["claims", url, rows @ ..] if !rows.is_empty() => match rows.iter().map(|rows| rows.parse()).collect() {
            Ok(rows) => claims::measure(url, rows).await.map_err(|error| error.to_string()),
            Err(_) => Err(USAGE.to_owned()),
        },
        ["checks"] => checks::measure().map_err(|error| error.to_string()),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crier-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
