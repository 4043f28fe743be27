//! What became of a file's rows: taken, mended, rejected, each kind counted and shown by its first line numbers.

use super::format::Format;
use crate::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many line numbers a tally shows.
const LINES_SHOWN: usize = 5;

/// The account of one file. `taken + blank` and all `rejected` add up to `rows`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What the header was recognised as.
    pub format: Format,
    /// What parts the fields.
    pub delimiter: char,
    /// How the bytes were read.
    pub encoding: &'static str,
    /// The header as it stands in the file.
    #[serde(skip)]
    pub header: Vec<u8>,
    /// Records after the header, blank ones included.
    pub rows: u64,
    /// Rows that became events, items or contacts.
    pub taken: u64,
    /// Rows without anything in them.
    pub blank: u64,
    /// What was taken, by the name of the event; `item` for catalog items.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Taken after putting something right.
    pub mended: BTreeMap<Mend, Tally>,
    /// Taken, with a doubt that the file alone cannot settle.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub doubts: BTreeMap<Doubt, Tally>,
    /// Not taken; each was handed out raw.
    pub rejected: BTreeMap<Reason, Tally>,
    /// When the earliest and the latest event happened.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// How many, and where the first of them are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many rows.
    pub count: u64,
    /// Lines of the file, counted from 1, on which the first of them begin.
    pub lines: Vec<u64>,
}

/// Something that was put right on the way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mend {
    /// Bytes that are no UTF-8 were read as Windows-1252, the superset of Latin-1 that spreadsheets write.
    Encoding,
    /// Zero bytes were dropped.
    ZeroBytes,
    /// More fields than the header has, but only empty ones.
    ExtraFields,
    /// A number such as `13085.0` where an id was meant.
    IdAsDecimal,
    /// An item code in lower case.
    ItemCase,
    /// An id that stands for nobody; the line counts for items, not for people.
    Nobody,
    /// A credit note with a positive quantity.
    CreditSign,
}

impl Mend {
    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Encoding => "not UTF-8, read as Windows-1252",
            Self::ZeroBytes => "zero bytes dropped",
            Self::ExtraFields => "empty fields beyond the header's dropped",
            Self::IdAsDecimal => "id written as a decimal number",
            Self::ItemCase => "item code in lower case",
            Self::Nobody => "customer id stands for nobody, line kept without a customer",
            Self::CreditSign => "credit note with a positive quantity",
        }
    }
}

/// What a file leaves open: when something was, or under which name the shop's webhooks know the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// An item has no id but a SKU.
    SkuAlone,
    /// An item has neither id nor SKU.
    TitleAlone,
    /// An order has no id but a printed number.
    NumberAlone,
    /// A payment has no id but its charge's.
    ChargeAlone,
    /// A date of which nobody can tell the day from the month.
    DateOrder,
    /// A time that says not in which zone.
    NoZone,
}

impl Doubt {
    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::SkuAlone => {
                "item known by its SKU: one with the item that webhooks tell of once an order or a product of theirs names both"
            }
            Self::TitleAlone => "item without SKU, known by its title: not one with any that webhooks tell of",
            Self::NumberAlone => {
                "no order id in the file, so the printed number stands in: where webhooks know the order by another number, it counts twice"
            }
            Self::ChargeAlone => {
                "no payment in the file, so its charge stands in: where webhooks tell of it too, it counts twice; export the column `PaymentIntent ID`"
            }
            Self::DateOrder => "date that may be day or month first, and no row shows which; read month first",
            Self::NoZone => "time without a zone, read as UTC; say where the shop's clock hangs with --zone, for example Europe/Berlin",
        }
    }
}

/// Why a row was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A quote that is never closed, or text after a closing one.
    Quote,
    /// Longer than any row can be.
    TooLong,
    /// Too few fields: one that is needed is not there.
    TooFewFields,
    /// More fields than the header has, with something in them.
    TooManyFields,
    /// A field that is needed is empty.
    Empty,
    /// The time cannot be read, or lies before 1990.
    Time,
    /// The time lies in the future.
    Future,
    /// The quantity is no whole number, or too large.
    Quantity,
    /// The quantity is zero.
    NoQuantity,
    /// The price or amount cannot be read.
    Amount,
    /// The currency cannot be read.
    Currency,
    /// The price is below zero.
    NegativePrice,
    /// Neither a price nor a customer: a note about stock, not a sale.
    StockNote,
    /// An id that cannot be one.
    Id,
    /// The order was never paid: pending, failed or voided.
    Unpaid,
    /// An event of a kind that is not known.
    Kind,
    /// Stars that are none of one to five.
    Stars,
}

impl Reason {
    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Quote => "a quote is never closed, or has text after it",
            Self::TooLong => "longer than 1 MiB",
            Self::TooFewFields => "too few fields",
            Self::TooManyFields => "more fields than the header has",
            Self::Empty => "a needed field is empty",
            Self::Time => "the time cannot be read",
            Self::Future => "the time lies in the future",
            Self::Quantity => "the quantity is no whole number",
            Self::NoQuantity => "the quantity is zero",
            Self::Amount => "the price or amount cannot be read",
            Self::Currency => "the currency cannot be read",
            Self::NegativePrice => "the price is below zero",
            Self::StockNote => "no price and no customer: a stock note, not a sale",
            Self::Id => "an id is too long or has control characters",
            Self::Unpaid => "the order was never paid",
            Self::Kind => "an event of an unknown kind",
            Self::Stars => "the stars are no whole number from one to five",
        }
    }
}

impl Report {
    pub(super) fn new(format: Format, delimiter: char, encoding: &'static str, header: Vec<u8>) -> Self {
        Self {
            format,
            delimiter,
            encoding,
            header,
            rows: 0,
            taken: 0,
            blank: 0,
            kinds: BTreeMap::new(),
            mended: BTreeMap::new(),
            doubts: BTreeMap::new(),
            rejected: BTreeMap::new(),
            span: None,
        }
    }

    /// How many rows were rejected, all reasons together.
    #[must_use]
    pub fn rejected_rows(&self) -> u64 {
        self.rejected.values().map(|tally| tally.count).sum()
    }

    pub(super) fn mend(&mut self, mend: Mend, line: u64) {
        self.mended.entry(mend).or_default().add(line);
    }

    pub(super) fn doubt(&mut self, doubt: Doubt, line: u64) {
        self.doubts.entry(doubt).or_default().add(line);
    }

    pub(super) fn reject(&mut self, reason: Reason, line: u64) {
        self.rejected.entry(reason).or_default().add(line);
    }

    pub(super) fn happened(&mut self, at: Timestamp) {
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }
}

impl Tally {
    fn add(&mut self, line: u64) {
        self.count += 1;
        if self.lines.len() < LINES_SHOWN {
            self.lines.push(line);
        }
    }
}
