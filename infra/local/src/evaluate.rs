//! The files of the public protocols, as rows for `rapport_train::protocol`; and predictions, as the scorer reads them.
//!
//! | Protocol | Columns |
//! |---|---|
//! | sessions | `session_id`, `item_id`, and `pos` or `ts` |
//! | orders | `customer_id`, `invoice`, `invoice_ts`, `stock_code`, `quantity`, `unit_price` |
//! | baskets | `user_id`, `basket_no`, `item_id` |
//! | value, propensity | `customer_id`, `date`, `value`; or those of orders |
//!
//! Files may be gzipped.

mod purchase_days;

pub use purchase_days::{History, purchase_days, write_chances, write_values};

use flate2::read::MultiGzDecoder;
use rapport_core::{
    id::{IdError, ItemId},
    time::{DAY_MS, NotATime, Timestamp},
};
use rapport_train::protocol::{Group, Prediction};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

/// Why a protocol cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No CSV, or a broken row.
    #[error("{path}: {source}")]
    Csv {
        /// Which.
        path: PathBuf,
        /// What the reader says.
        source: csv::Error,
    },
    /// A column that the protocol needs.
    #[error("{path} has no column `{column}`")]
    Column {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: &'static str,
    },
    /// A number that is none.
    #[error("line {line}: `{text}` is not a number")]
    Number {
        /// Counted from 1, the header included.
        line: u64,
        /// What stands there.
        text: String,
    },
    /// An item id that is none.
    #[error(transparent)]
    Item(#[from] IdError),
    /// A time that is none.
    #[error(transparent)]
    Time(#[from] NotATime),
    /// Nothing lies between the two days.
    #[error("the end must come after the calibration's end, by a century at most")]
    NoDays,
    /// The models do not fit into an artifact.
    #[error(transparent)]
    Model(#[from] rapport_core::model::ModelError),
    /// Nothing could be predicted.
    #[error(transparent)]
    Protocol(#[from] rapport_train::protocol::ProtocolError),
}

/// Sessions in the order of time: by their newest `ts`, else by their number.
///
/// # Errors
/// [`EvaluateError`] names file, column or line.
pub fn sessions(path: &Path) -> Result<Vec<Group>, EvaluateError> {
    let mut table = Table::open(path)?;
    let (session, item) = (table.column("session_id")?, table.column("item_id")?);
    let timed = table.column("ts");
    let when = timed.as_ref().map_or_else(|_| table.column("pos"), |column| Ok(*column))?;
    let mut looks: BTreeMap<String, Vec<(f64, ItemId)>> = BTreeMap::new();
    table.each(|row| {
        looks.entry(row.text(session).to_owned()).or_default().push((row.number(when)?, ItemId::new(row.text(item))?));
        Ok(())
    })?;
    let mut sessions = Vec::with_capacity(looks.len());
    for (who, mut looks) in looks {
        looks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let newest = looks.last().map_or(0.0, |(when, _)| *when);
        let rank = if timed.is_ok() { newest } else { who.parse().unwrap_or(0.0) };
        // Session numbers rise with time; a minute apart keeps their order and lets ages mean something.
        let at = Timestamp(if timed.is_ok() { (newest * 1000.0) as i64 } else { Timestamp::EARLIEST.0 + rank as i64 * 60_000 });
        sessions.push((rank, Group { who, at, items: looks.into_iter().map(|(_, item)| item).collect() }));
    }
    sessions.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(sessions.into_iter().map(|(_, session)| session).collect())
}

/// What may be learned from, and what came later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Split {
    /// Before the split.
    pub before: Vec<Group>,
    /// From it on.
    pub later: Vec<Group>,
}

/// The orders of known customers, parted at `split`: pieces and price above nothing, no cancellation, a product's code.
///
/// # Errors
/// [`EvaluateError`] names file, column or line.
pub fn orders(path: &Path, split: &str) -> Result<Split, EvaluateError> {
    let mut table = Table::open(path)?;
    let (customer, invoice, at) = (table.column("customer_id")?, table.column("invoice")?, table.column("invoice_ts")?);
    let (code, quantity, price) = (table.column("stock_code")?, table.column("quantity")?, table.column("unit_price")?);
    let mut orders: BTreeMap<(bool, String, String), Group> = BTreeMap::new();
    table.each(|row| {
        let (invoice, item) = (row.text(invoice), row.text(code).to_uppercase());
        let holds = !row.text(customer).is_empty() && !invoice.starts_with('C') && is_product(&item);
        if !holds || row.number(quantity)? <= 0.0 || row.number(price)? <= 0.0 {
            return Ok(());
        }
        let who = format!("{:.0}", row.number(customer)?.trunc());
        let (is_later, at) = (row.text(at) >= split, Timestamp::parse(row.text(at))?);
        let order = orders.entry((is_later, who.clone(), invoice.to_owned())).or_insert_with(|| Group { who, at, items: Vec::new() });
        order.items.push(ItemId::new(&item)?);
        Ok(())
    })?;
    let (later, before): (Vec<_>, Vec<_>) = orders.into_iter().partition(|((is_later, ..), _)| *is_later);
    let groups = |orders: Vec<(_, Group)>| orders.into_iter().map(|(_, order)| order).collect();
    Ok(Split { before: groups(before), later: groups(later) })
}

/// All baskets. They have numbers instead of times, so they stand a day apart.
///
/// # Errors
/// [`EvaluateError`] names file, column or line.
pub fn baskets(path: &Path) -> Result<Vec<Group>, EvaluateError> {
    let mut table = Table::open(path)?;
    let (user, number, item) = (table.column("user_id")?, table.column("basket_no")?, table.column("item_id")?);
    let mut baskets: BTreeMap<(String, i64), Vec<ItemId>> = BTreeMap::new();
    table.each(|row| {
        baskets.entry((row.text(user).to_owned(), row.number(number)? as i64)).or_default().push(ItemId::new(row.text(item))?);
        Ok(())
    })?;
    let at = |number: i64| Timestamp(Timestamp::EARLIEST.0.saturating_add(number.saturating_mul(DAY_MS)));
    Ok(baskets.into_iter().map(|((who, number), items)| Group { who, at: at(number), items }).collect())
}

/// Writes predictions as the scorer reads them: key, position where there is one, items by spaces; tabs between.
///
/// # Errors
/// [`EvaluateError::File`] when the file cannot be written.
pub fn write_predictions(path: &Path, predictions: &[Prediction]) -> Result<(), EvaluateError> {
    let failed = |source| EvaluateError::File { path: path.to_owned(), source };
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    for Prediction { key, position, items } in predictions {
        let position = position.map(|position| format!("{position}\t")).unwrap_or_default();
        writeln!(file, "{key}\t{position}{}", items.iter().map(ItemId::as_str).collect::<Vec<&str>>().join(" ")).map_err(failed)?;
    }
    file.flush().map_err(failed)
}

/// Five digits, then letters: what this shop's products are called. Postage, fees and manual entries are called otherwise.
fn is_product(code: &str) -> bool {
    code.len() >= 5 && code.bytes().take(5).all(|byte| byte.is_ascii_digit()) && code.bytes().skip(5).all(|byte| byte.is_ascii_uppercase())
}

struct Table {
    path: PathBuf,
    header: csv::StringRecord,
    reader: csv::Reader<Box<dyn Read>>,
}

struct Row<'a> {
    line: u64,
    record: &'a csv::StringRecord,
}

impl Table {
    fn open(path: &Path) -> Result<Self, EvaluateError> {
        let file = File::open(path).map_err(|source| EvaluateError::File { path: path.to_owned(), source })?;
        let plain: Box<dyn Read> = if path.extension().is_some_and(|end| end == "gz") {
            Box::new(MultiGzDecoder::new(BufReader::new(file)))
        } else {
            Box::new(file)
        };
        let mut reader = csv::Reader::from_reader(plain);
        let header = reader.headers().map_err(|source| EvaluateError::Csv { path: path.to_owned(), source })?.clone();
        Ok(Self { path: path.to_owned(), header, reader })
    }

    fn column(&self, name: &'static str) -> Result<usize, EvaluateError> {
        let place = self.header.iter().position(|column| column == name);
        place.ok_or_else(|| EvaluateError::Column { path: self.path.clone(), column: name })
    }

    fn each(&mut self, mut take: impl FnMut(Row<'_>) -> Result<(), EvaluateError>) -> Result<(), EvaluateError> {
        let mut record = csv::StringRecord::new();
        while self.reader.read_record(&mut record).map_err(|source| EvaluateError::Csv { path: self.path.clone(), source })? {
            take(Row { line: self.reader.position().line(), record: &record })?;
        }
        Ok(())
    }
}

impl Row<'_> {
    fn text(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default()
    }

    fn number(&self, column: usize) -> Result<f64, EvaluateError> {
        let text = self.text(column);
        text.parse().map_err(|_| EvaluateError::Number { line: self.line, text: text.to_owned() })
    }
}
