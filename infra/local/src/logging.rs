//! What the functions say while a command runs, on standard error: warnings and errors, or what `RUST_LOG` asks for.

use std::io;
use tracing_subscriber::EnvFilter;

/// Starts it. A second start in one process keeps the first's.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false).compact().try_init();
}
