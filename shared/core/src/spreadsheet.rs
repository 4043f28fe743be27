//! What a spreadsheet makes of a file that people open with one.

use std::borrow::Cow;

/// `text` as a cell that stays text: a leading sign would be a formula, which anybody who may choose an id could send along, so an apostrophe
/// goes before it.
///
/// ```
/// use rapport_core::spreadsheet::text;
/// assert_eq!(text("=HYPERLINK(A1)"), "'=HYPERLINK(A1)");
/// assert_eq!(text("12748"), "12748");
/// ```
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text.into() }
}
