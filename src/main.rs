//! `sabyr`: scores a night of calls, chats and emails.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
