//! Rows to Parquet columns and back, a row group at a time.

use crate::{
    row::{Row, NUMBERS, TEXTS},
    ArchiveError, SCHEMA,
};
use bytes::Bytes;
use compact_str::CompactString;
use parquet::{
    basic::Compression,
    column::{reader::get_typed_column_reader, writer::ColumnWriterImpl},
    data_type::{ByteArray, ByteArrayType, DataType, Int64Type},
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        reader::{FileReader, RowGroupReader, SerializedFileReader},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use rapport_core::event::Event;
use std::sync::Arc;

/// Rows in a row group: large enough to compress, small enough to read one customer without the rest.
const GROUP: usize = 50_000;
/// The metadata entry that holds the schema number.
const SCHEMA_KEY: &str = "rapport.schema";

/// `events` as a Parquet file, in the order given. The same events always give the same bytes.
///
/// # Errors
/// [`ArchiveError::Parquet`] when the writer refuses.
pub fn encode(events: &[Event]) -> Result<Vec<u8>, ArchiveError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(Default::default()))
        .set_created_by("rapport".to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new(SCHEMA_KEY.to_owned(), SCHEMA.to_string())]))
        .build();
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(parse_message_type(&schema())?), Arc::new(properties))?;
    for (group, events) in events.chunks(GROUP).enumerate() {
        let bad_row = |row: usize| move |why| ArchiveError::Row { row: group * GROUP + row, why };
        let rows: Vec<Row> = events.iter().enumerate().map(|(row, event)| Row::of(event).map_err(bad_row(row))).collect::<Result<_, _>>()?;
        let mut writer = file.next_row_group()?;
        for column in 0..TEXTS.len() {
            write::<ByteArrayType>(&mut writer, rows.iter().map(|row| row.texts[column].as_deref().map(ByteArray::from)))?;
        }
        for column in 0..NUMBERS.len() {
            write::<Int64Type>(&mut writer, rows.iter().map(|row| row.numbers[column]))?;
        }
        writer.close()?;
    }
    Ok(file.into_inner()?)
}

/// The events of a file, in their order.
///
/// # Errors
/// [`ArchiveError`] when the file is not one that [`encode`] of this or an earlier release wrote.
pub fn decode(file: Bytes) -> Result<Vec<Event>, ArchiveError> {
    let reader = SerializedFileReader::new(file)?;
    let metadata = reader.metadata().file_metadata();
    let entry = metadata.key_value_metadata().and_then(|entries| entries.iter().find(|entry| entry.key == SCHEMA_KEY));
    let schema = entry.and_then(|entry| entry.value.clone()).unwrap_or_else(|| "none".to_owned());
    if schema != SCHEMA.to_string() || metadata.schema_descr().num_columns() != TEXTS.len() + NUMBERS.len() {
        return Err(ArchiveError::Schema(schema));
    }
    let mut events = Vec::new();
    for group in 0..reader.num_row_groups() {
        let rows = read_group(reader.get_row_group(group)?.as_ref())?;
        for (row, columns) in rows.into_iter().enumerate() {
            events.push(columns.into_event().map_err(|why| ArchiveError::Row { row, why })?);
        }
    }
    Ok(events)
}

/// Every column is optional: which are there is the row's business.
fn schema() -> String {
    let texts = TEXTS.iter().map(|name| format!("optional binary {name} (STRING);"));
    let numbers = NUMBERS.iter().map(|name| match *name {
        "at" => "optional int64 at (TIMESTAMP(MILLIS,true));".to_owned(),
        name => format!("optional int64 {name};"),
    });
    format!("message event {{ {} }}", texts.chain(numbers).collect::<Vec<_>>().join(" "))
}

fn write<T: DataType>(group: &mut SerializedRowGroupWriter<'_, Vec<u8>>, values: impl Iterator<Item = Option<T::T>>) -> Result<(), ArchiveError>
where
    for<'a> ColumnWriterImpl<'a, T>: Sized,
{
    let (mut present, mut levels) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        present.extend(value);
    }
    if let Some(mut column) = group.next_column()? {
        column.typed::<T>().write_batch(&present, Some(&levels), None)?;
        column.close()?;
    }
    Ok(())
}

fn read_group(group: &dyn RowGroupReader) -> Result<Vec<Row>, ArchiveError> {
    let count = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    let mut rows = vec![Row::default(); count];
    for column in 0..TEXTS.len() {
        for (row, value) in rows.iter_mut().zip(read::<ByteArrayType>(group, column, count)?) {
            row.texts[column] = value.map(|value| value.as_utf8().map(CompactString::from)).transpose()?;
        }
    }
    for column in 0..NUMBERS.len() {
        for (row, value) in rows.iter_mut().zip(read::<Int64Type>(group, TEXTS.len() + column, count)?) {
            row.numbers[column] = value;
        }
    }
    Ok(rows)
}

fn read<T: DataType>(group: &dyn RowGroupReader, column: usize, count: usize) -> Result<Vec<Option<T::T>>, ArchiveError> {
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(column)?);
    let (mut values, mut levels) = (Vec::with_capacity(count), Vec::with_capacity(count));
    while levels.len() < count {
        let (records, _, _) = reader.read_records(count - levels.len(), Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
    }
    let mut values = values.into_iter();
    Ok(levels.into_iter().map(|level| if level > 0 { values.next() } else { None }).collect())
}
