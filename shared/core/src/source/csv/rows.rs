//! From bytes to rows to whoever understands them.

use super::{
    CsvError, Found, Mend, Options, Reason, Rejected, Report, events,
    format::{Columns, Field, Format},
    intake::{Intake, Row},
    lines, opinions,
    orders::Orders,
    people,
    products::Products,
    records::{Record, Records, Step},
    text::Text,
    value::Habits,
};
use std::io::Read;

/// How many rows of the sample show the file's habits.
const ROWS_SAMPLED: usize = 2000;
const DELIMITERS: [u8; 4] = *b",;\t|";

/// What was found out about a file before its rows are read.
struct Plan {
    columns: Columns,
    habits: Habits,
    delimiter: u8,
    line_end: u8,
}

pub(super) fn read<R: Read>(input: R, options: &Options, sink: &mut dyn FnMut(Found)) -> Result<Report, CsvError> {
    let text = Text::open(input)?;
    let plan = Plan::make(&text.sample, options)?;
    let encoding = text.encoding;
    let mut records = Records::new(text, plan.delimiter, plan.line_end);
    let mut record = Record::default();
    if !to_header(&mut records, &mut record)? {
        return Err(CsvError::Empty);
    }
    records.width = plan.columns.width;
    let report = Report::new(plan.columns.format, char::from(plan.delimiter), encoding, record.raw.clone());
    let mut file = File { intake: Intake::new(options, plan.habits, report, sink), columns: plan.columns, state: State::default() };
    loop {
        match records.read(&mut record)? {
            Step::End => break,
            Step::Broken(reason) => {
                file.intake.report.rows += 1;
                file.reject(reason, &record);
            }
            Step::Record => {
                file.intake.report.rows += 1;
                file.row(&record);
            }
        }
    }
    file.state.orders.close(&mut file.intake);
    Ok(file.intake.report)
}

/// Goes past blank lines and Excel's `sep=;` to the header, and leaves it in `record`.
fn to_header<R: Read>(records: &mut Records<R>, record: &mut Record) -> std::io::Result<bool> {
    loop {
        match records.read(record)? {
            Step::End => return Ok(false),
            Step::Record if record.is_blank() || record.raw.starts_with(b"sep=") => {}
            Step::Record | Step::Broken(_) => return Ok(true),
        }
    }
}

impl Plan {
    /// Understands the header and looks for habits in the rows of `sample`.
    fn make(sample: &[u8], options: &Options) -> Result<Self, CsvError> {
        let line_end = if !sample.contains(&b'\n') && sample.contains(&b'\r') { b'\r' } else { b'\n' };
        let mut best: Option<(usize, CsvError)> = None;
        for delimiter in DELIMITERS {
            let mut records = Records::new(sample, delimiter, line_end);
            let mut record = Record::default();
            if !to_header(&mut records, &mut record)? {
                return Err(CsvError::Empty);
            }
            let header: Vec<&str> = record.iter().collect();
            match Columns::recognise(&header, &options.map) {
                Ok(columns) => {
                    let habits = Habits { decimal_comma: delimiter == b';', ..Habits::default() };
                    let habits = sampled(habits, &mut records, &columns)?;
                    return Ok(Self { columns, habits, delimiter, line_end });
                }
                Err(error) if best.as_ref().is_none_or(|(width, _)| header.len() > *width) => {
                    best = Some((header.len(), CsvError::Unrecognised(error)))
                }
                Err(_) => {}
            }
        }
        Err(best.map_or(CsvError::Empty, |(_, error)| error))
    }
}

/// The habits that the first rows show.
fn sampled(known: Habits, records: &mut Records<&[u8]>, columns: &Columns) -> Result<Habits, CsvError> {
    let mut record = Record::default();
    let mut habits = known;
    records.width = columns.width;
    let mut shows_order = false;
    for _ in 0..ROWS_SAMPLED {
        match records.read(&mut record)? {
            Step::End => break,
            Step::Broken(_) => {}
            Step::Record => {
                let row = Row { record: &record, columns };
                habits.day_first |= Habits::day_first(std::iter::once(row.get(Field::At)));
                shows_order |= Habits::shows_order(row.get(Field::At));
                habits.credit_notes |= lines::is_credit_note(row.get(Field::Order)) && row.get(Field::Quantity).starts_with('-');
            }
        }
    }
    habits.order_unknown = !shows_order;
    Ok(habits)
}

/// A file on its way.
struct File<'a> {
    intake: Intake<'a>,
    columns: Columns,
    state: State,
}

/// What rows leave behind for those after them.
#[derive(Default)]
struct State {
    orders: Orders,
    products: Products,
}

impl File<'_> {
    fn row(&mut self, record: &Record) {
        if record.is_blank() {
            self.intake.report.blank += 1;
            return;
        }
        self.intake.begin(&record.mends);
        let taken = self.fit(record).and_then(|()| self.take(record));
        match taken {
            Ok(true) => self.intake.taken(record.line),
            Ok(false) => self.intake.report.blank += 1,
            Err(reason) => self.reject(reason, record),
        }
    }

    /// Whether the record has the header's number of fields.
    fn fit(&mut self, record: &Record) -> Result<(), Reason> {
        let width = self.columns.width;
        if record.len() < width {
            return Err(Reason::TooFewFields);
        }
        if record.len() > width {
            if record.iter().skip(width).any(|field| !field.is_empty()) {
                return Err(Reason::TooManyFields);
            }
            self.intake.mend(Mend::ExtraFields);
        }
        Ok(())
    }

    /// Hands the row to whoever understands it; `false` when there is nothing in it to take.
    fn take(&mut self, record: &Record) -> Result<bool, Reason> {
        let row = Row { record, columns: &self.columns };
        match self.columns.format {
            Format::OrderLines | Format::Purchases => lines::take(row, &mut self.intake).map(|()| true),
            Format::StripePayments => lines::take_payment(row, &mut self.intake).map(|()| true),
            Format::ShopifyOrders | Format::WoocommerceOrders => self.state.orders.take(row, &mut self.intake).map(|()| true),
            Format::Events => events::take(row, &mut self.intake).map(|()| true),
            Format::Surveys => opinions::take_answer(row, &mut self.intake).map(|()| true),
            Format::Reviews => opinions::take_review(row, &mut self.intake).map(|()| true),
            Format::Customers | Format::ShopifyCustomers => people::take(row, &mut self.intake).map(|()| true),
            Format::Products | Format::ShopifyProducts => self.state.products.take(row, &mut self.intake),
        }
    }

    fn reject(&mut self, reason: Reason, record: &Record) {
        self.intake.report.reject(reason, record.line);
        (self.intake.sink)(Found::Rejected(Rejected { line: record.line, reason, raw: record.raw.clone() }));
    }
}
