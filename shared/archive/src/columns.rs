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
        reader::{FileReader, SerializedFileReader},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use rapport_core::event::{Action, Event, decode_line};
use std::{borrow::Cow, panic, sync::Arc};

/// Rows that are compressed together: enough to compress well, few enough to read one customer without reading all.
const ROWS_A_GROUP: usize = 50_000;

/// Parquet's own language. The order is that of [`TEXTS`], [`NUMBERS`] and `event`.
const SCHEMA: &str = "message event {
    required binary id (STRING);
    optional binary customer (STRING);
    optional binary device (STRING);
    optional binary email_hash (STRING);
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
const TEXTS: [(bool, Text); 12] = [
    (false, |event| Some(event.id.as_str().into())),
    (true, |event| event.who.customer.as_ref().map(|id| id.as_str().into())),
    (true, |event| event.who.device.as_ref().map(|id| id.as_str().into())),
    (true, |event| event.who.email.as_ref().map(|id| id.as_str().into())),
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
    read.unwrap_or_else(|_| Err(ParquetError::General("the file is damaged".to_owned()).into()))
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
        id::{CustomerId, DeviceId, EventId, ItemId, OrderId},
        money::Currency,
        time::Timestamp,
    };

    fn event() -> impl Strategy<Value = Event> {
        let product = ("[a-z]{1,8}", proptest::option::of("\\PC{1,20}"), proptest::option::of(any::<i32>()));
        (any::<u32>(), 0i64..2_000_000_000_000, proptest::option::of("[a-z]{1,5}"), product, any::<bool>(), any::<bool>()).prop_map(
            |(id, at, customer, (item, title, price), bought, bot)| {
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
                    who: Who { customer: customer.and_then(|id| CustomerId::new(&id).ok()), device: DeviceId::new("d").ok(), email: None },
                    traffic: if bot { Traffic::Bot } else { Traffic::Human },
                    action: if bought { Action::Ordered(line) } else { Action::Viewed(product) },
                }
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_goes_in_comes_out(events in proptest::collection::vec(event(), 0..50)) {
            let file = encode(&events).expect("it encodes");
            prop_assert_eq!(&encode(&events).expect("it encodes"), &file, "the same events, the same bytes");
            prop_assert_eq!(decode(file.into()).expect("it decodes"), events);
        }
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
                let _ = decode(damaged.into());
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
