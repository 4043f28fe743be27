//! Bars on standard error; they draw nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A bar that says what it is about.
pub(super) fn bar(doing: impl Into<String>) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:30} {percent:>3} %").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length().with_style(style).with_message(doing.into())
}

/// For work whose length nobody knows.
pub(super) fn spinner(doing: impl Into<String>) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(doing.into());
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}
