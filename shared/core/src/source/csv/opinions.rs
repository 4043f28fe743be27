//! Rows that are an opinion: an answer to a survey, or stars for a product.

use super::{
    Reason,
    format::Field,
    intake::{Intake, Row, label},
};
use crate::event::{Action, Product};
use compact_str::CompactString;

/// Longest name of a question, in characters; as tracked ones are cut.
const LONGEST_QUESTION: usize = 100;
/// Longest answer, in characters.
const LONGEST_ANSWER: usize = 200;

/// Takes an answer to a survey. One that nobody gave says nothing about anybody.
pub(super) fn take_answer(row: Row<'_>, intake: &mut Intake<'_>) -> Result<(), Reason> {
    let at = intake.at(row)?;
    let who = intake.who(row)?;
    if who.is_nobody() {
        return Err(Reason::Empty);
    }
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<CompactString>();
    let question = cut(row.need(Field::Question)?, LONGEST_QUESTION);
    let answer = cut(row.need(Field::Answer)?, LONGEST_ANSWER);
    let id = intake.row_id(row.record)?;
    intake.contacts(row, &who, at);
    intake.card(row, &who, at)?;
    intake.event(id, at, who, Action::Surveyed { question, answer });
    Ok(())
}

/// Takes stars for a product; somebody unknown may give them, too. The words of a review are not kept.
pub(super) fn take_review(row: Row<'_>, intake: &mut Intake<'_>) -> Result<(), Reason> {
    let at = intake.at(row)?;
    let who = intake.who(row)?;
    let stars = stars(row.need(Field::Stars)?)?;
    let product = Product {
        title: label(row.get(Field::Title)),
        category: label(row.get(Field::Category)),
        brand: label(row.get(Field::Brand)),
        ..Product::bare(intake.typed_item_id(row.need(Field::Item)?)?)
    };
    let id = intake.row_id(row.record)?;
    intake.card(row, &who, at)?;
    intake.event(id, at, who, Action::Reviewed { product, stars: Some(stars) });
    Ok(())
}

/// One to five; `4.0` and `4/5` are 4.
fn stars(text: &str) -> Result<u8, Reason> {
    let text = text.trim_end_matches("/5").trim_end_matches(".0").trim();
    text.parse::<u8>().ok().filter(|stars| (1..=5).contains(stars)).ok_or(Reason::Stars)
}
