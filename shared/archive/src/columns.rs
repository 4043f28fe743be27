//! Events as columns, and back.

use crate::{ArchiveError, line};
use bytes::Bytes;
use parquet::{
    basic::{Compression, ZstdLevel},
    column::reader::ColumnReader,
    data_type::{ByteArray, ByteArrayType, DataType, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        reader::{FileReader, RowGroupReader, SerializedFileReader},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use rapport_core::event::{Action, Event, decode_line};
use std::{borrow::Cow, ops::Range, panic, sync::Arc};

/// Rows that are compressed together: enough to compress well, few enough to read one customer without reading all.
const ROWS_A_GROUP: usize = 50_000;

/// Parquet's own language. The order is that of [`TEXTS`], [`NUMBERS`] and `event`.
const SCHEMA: &str = "message event {
    required binary id (STRING);
    optional binary customer (STRING);
    optional binary device (STRING);
    optional binary email_hash (STRING);
    optional binary phone_hash (STRING);
    required binary action (STRING);
    required binary source (STRING);
    optional binary item (STRING);
    optional binary title (STRING);
    optional binary category (STRING);
    optional binary brand (STRING);
    optional binary order_id (STRING);
    optional binary currency (STRING);
    required int64 at (TIMESTAMP(MILLIS, true));
    optional int64 quantity;
    optional int64 amount_minor;
    optional int64 price_minor;
    required binary event (STRING);
}";

type Text = for<'e> fn(&'e Event) -> Option<Cow<'e, str>>;
type Number = fn(&Event) -> Option<i64>;

/// Each text column, whether it may be absent, and where it comes from.
const TEXTS: [(bool, Text); 13] = [
    (false, |event| Some(event.id.as_str().into())),
    (true, |event| event.who.customer.as_ref().map(|id| id.as_str().into())),
    (true, |event| event.who.device.as_ref().map(|id| id.as_str().into())),
    (true, |event| event.who.email.as_ref().map(|id| id.as_str().into())),
    (true, |event| event.who.phone.as_ref().map(|id| id.as_str().into())),
    (false, |event| Some(event.action.name().into())),
    (false, |event| Some(event.source.as_str().into())),
    (true, |event| event.action.product().map(|product| product.item.as_str().into())),
    (true, |event| event.action.product()?.title.as_deref().map(Cow::Borrowed)),
    (true, |event| event.action.product()?.category.as_deref().map(Cow::Borrowed)),
    (true, |event| event.action.product()?.brand.as_deref().map(Cow::Borrowed)),
    (true, |event| order(event).map(Cow::Borrowed)),
    (true, |event| currency(event).map(Cow::Owned)),
];

/// Each number column, likewise.
const NUMBERS: [(bool, Number); 4] =
    [(false, |event| Some(event.at.0)), (true, quantity), (true, amount_minor), (true, |event| event.action.product()?.price_minor)];

fn order(event: &Event) -> Option<&str> {
    match &event.action {
        Action::Ordered(line) => Some(line.order.as_str()),
        Action::Refunded(refund) => refund.order.as_ref().map(|order| order.as_str()),
        _ => None,
    }
}

fn currency(event: &Event) -> Option<String> {
    match &event.action {
        Action::Ordered(line) => Some(line.currency.to_string()),
        Action::Refunded(refund) => Some(refund.currency.to_string()),
        action => action.product()?.currency.map(|currency| currency.to_string()),
    }
}

fn quantity(event: &Event) -> Option<i64> {
    match &event.action {
        Action::Ordered(line) => Some(line.quantity.into()),
        Action::Refunded(refund) => Some(refund.quantity.into()),
        Action::CartAdded { quantity, .. } | Action::CartRemoved { quantity, .. } => Some((*quantity).into()),
        _ => None,
    }
}

/// Paid is positive, paid back negative, so that a sum over the column is revenue.
fn amount_minor(event: &Event) -> Option<i64> {
    match &event.action {
        Action::Ordered(line) => Some(line.paid_minor),
        Action::Refunded(refund) => Some(-refund.amount_minor),
        _ => None,
    }
}

/// `events` as a Parquet file, in the order given. The same events always give the same bytes.
///
/// # Errors
/// [`ArchiveError::Parquet`] when the encoder refuses.
pub fn encode(events: &[Event]) -> Result<Vec<u8>, ArchiveError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?)).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    for rows in events.chunks(ROWS_A_GROUP) {
        let mut group = writer.next_row_group()?;
        for (optional, text) in TEXTS {
            let values = rows.iter().map(|event| text(event).map(|text| ByteArray::from(text.as_bytes().to_vec())));
            write_column::<ByteArrayType>(&mut group, optional, values)?;
        }
        for (optional, number) in NUMBERS {
            write_column::<Int64Type>(&mut group, optional, rows.iter().map(number))?;
        }
        write_column::<ByteArrayType>(&mut group, false, rows.iter().map(|event| Some(ByteArray::from(line(event)))))?;
        group.close()?;
    }
    Ok(writer.into_inner()?)
}

fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    optional: bool,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns than are written".to_owned()));
    };
    let mut present = Vec::new();
    let levels: Vec<i16> = values
        .map(|value| {
            let level = i16::from(value.is_some());
            present.extend(value);
            level
        })
        .collect();
    column.typed::<T>().write_batch(&present, optional.then_some(levels.as_slice()), None)?;
    column.close()
}

/// The events of a file that [`encode`] made.
///
/// # Errors
/// [`ArchiveError`] when it is no such file, or holds events of a newer release.
pub fn decode(file: Bytes) -> Result<Vec<Event>, ArchiveError> {
    // The reader is not ours, and panics at some files in which a single byte is wrong. What it had in hand is dropped with it.
    let read = panic::catch_unwind(|| read(file));
    read.unwrap_or_else(|_| Err(damaged()))
}

/// Of a file that [`encode`] made, the lines of those events alone whose people are `wanted`, each with what was made of these: nothing but
/// whom it names is read of any other.
///
/// # Errors
/// [`ArchiveError`] when it is no such file.
pub fn lines_of<T>(file: Bytes, wanted: impl Fn(&Named<'_>) -> Option<T>) -> Result<Vec<(T, Bytes)>, ArchiveError> {
    let read = panic::catch_unwind(panic::AssertUnwindSafe(|| wanted_lines(file, wanted)));
    read.unwrap_or_else(|_| Err(damaged()))
}

/// Whom a row names, as its columns say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// The customer's id.
    pub customer: Option<&'a str>,
    /// The device's.
    pub device: Option<&'a str>,
    /// The keyed hash of an address.
    pub email: Option<&'a str>,
    /// The keyed hash of a phone number.
    pub phone: Option<&'a str>,
}

fn wanted_lines<T>(file: Bytes, wanted: impl Fn(&Named<'_>) -> Option<T>) -> Result<Vec<(T, Bytes)>, ArchiveError> {
    let reader = SerializedFileReader::new(file)?;
    let mut kept = Vec::new();
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let [customers, devices, emails] = ["customer", "device", "email_hash"].map(|name| texts(&*group, name, rows));
        let (customers, devices, emails) = (customers?, devices?, emails?);
        // Files of releases before phone numbers have no such column.
        let phones = if has(&*group, "phone_hash") { texts(&*group, "phone_hash", rows)? } else { Vec::new() };
        let named = |row: usize| Named {
            customer: at(&customers, row),
            device: at(&devices, row),
            email: at(&emails, row),
            phone: at(&phones, row),
        };
        let wanted: Vec<Option<T>> = (0..rows).map(|row| wanted(&named(row))).collect();
        if wanted.iter().any(Option::is_some) {
            let lines = texts(&*group, "event", rows)?;
            let wanted = lines.iter().zip(wanted).filter_map(|(line, wanted)| Some((wanted?, line.as_ref()?.data())));
            kept.extend(together(wanted.collect()));
        }
    }
    Ok(kept)
}

/// Copies of the lines, all in one piece of memory: a page that holds one of them among many others must not stay for its sake.
fn together<T>(lines: Vec<(T, &[u8])>) -> impl Iterator<Item = (T, Bytes)> {
    let mut text = Vec::with_capacity(lines.iter().map(|(_, line)| line.len()).sum());
    let spans: Vec<(T, Range<usize>)> = lines
        .into_iter()
        .map(|(of, line)| {
            let begin = text.len();
            text.extend_from_slice(line);
            (of, begin..text.len())
        })
        .collect();
    let text = Bytes::from(text);
    spans.into_iter().map(move |(of, span)| (of, text.slice(span)))
}

fn has(group: &dyn RowGroupReader, name: &str) -> bool {
    group.metadata().columns().iter().any(|column| column.column_descr().name() == name)
}

/// A text column of a row group, row by row.
fn texts(group: &dyn RowGroupReader, name: &str, rows: usize) -> Result<Vec<Option<ByteArray>>, ParquetError> {
    let columns = group.metadata().columns();
    let place = columns.iter().position(|column| column.column_descr().name() == name);
    let place = place.ok_or_else(|| ParquetError::General(format!("there is no column `{name}`")))?;
    let is_optional = columns[place].column_descr().max_def_level() > 0;
    let ColumnReader::ByteArrayColumnReader(mut column) = group.get_column_reader(place)? else {
        return Err(ParquetError::General(format!("the column `{name}` is not text")));
    };
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut read = 0;
    while read < rows {
        let (more, ..) = column.read_records(rows - read, is_optional.then_some(&mut levels), None, &mut values)?;
        if more == 0 {
            break;
        }
        read += more;
    }
    let mut values = values.into_iter();
    Ok(if is_optional {
        levels.into_iter().map(|level| if level > 0 { values.next() } else { None }).collect()
    } else {
        values.map(Some).collect()
    })
}

fn at(column: &[Option<ByteArray>], row: usize) -> Option<&str> {
    column.get(row)?.as_ref()?.as_utf8().ok()
}

fn damaged() -> ArchiveError {
    ParquetError::General("the file is damaged".to_owned()).into()
}

/// How many events a file holds that [`encode`] made, by its own word.
///
/// # Errors
/// [`ArchiveError`] when it is no such file.
pub fn count(file: Bytes) -> Result<u64, ArchiveError> {
    let read = panic::catch_unwind(|| Ok(SerializedFileReader::new(file)?.metadata().file_metadata().num_rows()));
    let rows: Result<i64, ParquetError> = read.unwrap_or_else(|_| Err(ParquetError::General("the file is damaged".to_owned())));
    Ok(u64::try_from(rows?).unwrap_or_default())
}

fn read(file: Bytes) -> Result<Vec<Event>, ArchiveError> {
    let reader = SerializedFileReader::new(file)?;
    let column = reader.metadata().file_metadata().schema_descr().columns().iter().position(|column| column.name() == "event");
    let column = column.ok_or_else(|| ParquetError::General("there is no column `event`".to_owned()))?;
    let mut events = Vec::new();
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let ColumnReader::ByteArrayColumnReader(mut lines) = group.get_column_reader(column)? else {
            return Err(ParquetError::General("the column `event` is not text".to_owned()).into());
        };
        let mut values = Vec::with_capacity(rows.min(ROWS_A_GROUP));
        while values.len() < rows && lines.read_records(rows - values.len(), None, None, &mut values)?.0 > 0 {}
        for value in &values {
            events.push(decode_line(events.len() + 1, value.data())?);
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prelude::*, strategy::ValueTree};
    use rapport_core::{
        event::{Authority, OrderLine, Product, Traffic, Who},
        id::{ContactHash, CustomerId, DeviceId, EventId, ItemId, OrderId},
        money::Currency,
        time::Timestamp,
    };

    fn event() -> impl Strategy<Value = Event> {
        let product = ("[a-z]{1,8}", proptest::option::of("\\PC{1,20}"), proptest::option::of(any::<i32>()));
        let who = (proptest::option::of("[a-z]{1,5}"), proptest::option::of("[a-z]"));
        (any::<u32>(), 0i64..2_000_000_000_000, who, product, any::<bool>(), any::<bool>()).prop_map(
            |(id, at, (customer, phone), (item, title, price), bought, bot)| {
                let product = Product {
                    title: title.map(Into::into),
                    price_minor: price.map(i64::from),
                    ..Product::bare(ItemId::new(&item).expect("an id"))
                };
                let line = OrderLine {
                    order: OrderId::new("o1").expect("an id"),
                    version: Timestamp(at),
                    product: Some(product.clone()),
                    quantity: 3,
                    paid_minor: 120,
                    discount_minor: 7,
                    currency: Currency::GBP,
                    cancelled: bot,
                };
                Event {
                    id: EventId::new(&format!("e{id}")).expect("an id"),
                    at: Timestamp(at),
                    authority: Authority::Backend,
                    source: "test".into(),
                    who: Who {
                        customer: customer.and_then(|id| CustomerId::new(&id).ok()),
                        device: DeviceId::new("d").ok(),
                        phone: phone.and_then(|hash| ContactHash::new(&hash).ok()),
                        ..Who::default()
                    },
                    traffic: if bot { Traffic::Bot } else { Traffic::Human },
                    action: if bought { Action::Ordered(line) } else { Action::Viewed(product) },
                }
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn lines_of_those_who_are_asked_for_come_out(events in proptest::collection::vec(event(), 0..50), first in "[a-z]") {
            let is_wanted = |named: &Named<'_>| named.device == Some("d") && named.customer.is_none_or(|id| id < first.as_str());
            let wanted = |named: &Named<'_>| is_wanted(named).then(|| [named.customer, named.phone].map(|id| id.map(str::to_owned)));
            let file = Bytes::from(encode(&events).expect("it encodes"));
            let told = lines_of(file.clone(), wanted).expect("it reads");
            let known = events.iter().filter(|event| event.who.customer.as_ref().is_none_or(|id| id.as_str() < first.as_str()));
            let named = |who: &Who| [who.customer.as_ref().map(ToString::to_string), who.phone.as_ref().map(ToString::to_string)];
            let known = known.map(|event| (named(&event.who), Bytes::from(line(event))));
            prop_assert_eq!(told, known.collect::<Vec<_>>());
            prop_assert_eq!(count(file).expect("it reads"), events.len() as u64);
        }

        #[test]
        fn what_goes_in_comes_out(events in proptest::collection::vec(event(), 0..50)) {
            let file = encode(&events).expect("it encodes");
            prop_assert_eq!(&encode(&events).expect("it encodes"), &file, "the same events, the same bytes");
            prop_assert_eq!(decode(file.into()).expect("it decodes"), events);
        }
    }

    #[test]
    fn a_file_without_phone_numbers_is_read() {
        let file = Bytes::from_static(include_bytes!("fixtures/before-phones.parquet"));
        let events = decode(file.clone()).expect("it decodes");
        let guests = lines_of(file, |named| (named.email.is_some() && named.phone.is_none()).then_some(())).expect("it reads");
        let known = events.iter().filter(|event| event.who.email.is_some());
        assert_eq!(guests.into_iter().map(|(_, line)| line.to_vec()).collect::<Vec<_>>(), known.map(line).collect::<Vec<_>>());
        assert_eq!(events.len(), 34);
    }

    /// Every byte of a file in turn.
    #[test]
    fn damage_is_an_error_and_no_panic() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let events = proptest::collection::vec(event(), 3).new_tree(&mut runner).expect("a tree").current();
        let file = encode(&events).expect("it encodes");
        for (at, whole) in file.iter().enumerate() {
            for byte in [0, 1, 0x7f, 0x80, 0xff, whole ^ 1, whole ^ 0x10] {
                let mut damaged = file.clone();
                damaged[at] = byte;
                let damaged = Bytes::from(damaged);
                let _ = (decode(damaged.clone()), count(damaged.clone()), lines_of(damaged, |_| Some(())));
            }
        }
    }

    #[test]
    fn copies_that_are_equal_are_kept_once_and_others_all() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let event = event().new_tree(&mut runner).expect("a tree").current();
        let later = Event { at: event.at.plus_ms(1), ..event.clone() };
        assert_eq!(crate::in_order(vec![later.clone(), event.clone(), event.clone()]), vec![event, later]);
    }
}
