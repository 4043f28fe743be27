//! DynamoDB, embedded: every write is in an SQLite file before it is answered.
//!
//! "In the file" is as far as the operating system: a killed process loses nothing, and a flush of the disk for each row would make
//! folding ten times slower. What must outlive a power cut is flushed once for many rows, by [`WriteAheadLog::flush`], before the
//! message that caused them is deleted.

use super::StoresError;
use crate::template::TableSpec;
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// Opens, or makes, the file and whatever of `tables` it lacks.
pub(crate) fn open(path: &Path, tables: &[TableSpec]) -> Result<Database, StoresError> {
    let path = path.to_str().ok_or_else(|| StoresError::Path(path.to_owned()))?;
    let database = Database::new(path).map_err(|error| StoresError::Tables(error.to_string()))?;
    // The crate's name for "synchronous = NORMAL": the file is flushed at checkpoints, and by us.
    database.disable_bulk_loading().map_err(|error| StoresError::Tables(error.to_string()))?;
    for table in tables {
        create(&database, table)?;
    }
    Ok(database)
}

/// What SQLite wrote since its last checkpoint, beside the file itself.
#[derive(Clone, Debug)]
pub(crate) struct WriteAheadLog(PathBuf);

impl WriteAheadLog {
    /// Of the tables in the file at `path`.
    pub(crate) fn of(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        Self(name.into())
    }

    /// Returns once everything that was answered so far is on the disk.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        let path = self.0.clone();
        let flush = move || match File::open(path) {
            Ok(file) => file.sync_data(),
            // Nothing was written since the last checkpoint.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        tokio::task::spawn_blocking(flush).await.map_err(io::Error::other)?
    }
}

/// Adds the indexes that the template has and the table has not, as a deployment would.
fn add_indexes(database: &Database, table: &TableSpec) -> Result<(), String> {
    let Some(wanted) = table.create["GlobalSecondaryIndexes"].as_array() else { return Ok(()) };
    let request = serde_json::from_value(json!({ "TableName": table.name })).map_err(|error| error.to_string())?;
    let described = database.describe_table(request).map_err(|error| error.to_string())?;
    let described = serde_json::to_value(described).map_err(|error| error.to_string())?;
    let known = described.pointer("/Table/GlobalSecondaryIndexes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for index in wanted.iter().filter(|index| !known.iter().any(|known| known["IndexName"] == index["IndexName"])) {
        let request = json!({ "TableName": table.name, "AttributeDefinitions": table.create["AttributeDefinitions"],
            "GlobalSecondaryIndexUpdates": [{ "Create": index }] });
        let request = serde_json::from_value(request).map_err(|error| error.to_string())?;
        database.update_table(request).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn create(database: &Database, table: &TableSpec) -> Result<(), StoresError> {
    let failed = |error: String| StoresError::Tables(format!("{}: {error}", table.name));
    let request = serde_json::from_value(table.create.clone()).map_err(|error| failed(error.to_string()))?;
    match database.create_table(request) {
        // Its settings were given when it was made; an index may have come later.
        Err(DynoxideError::ResourceInUseException(_)) => return add_indexes(database, table).map_err(failed),
        made => made.map_err(|error| failed(error.to_string()))?,
    };
    if let Some(attribute) = &table.expiry {
        let request = json!({ "TableName": table.name, "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true } });
        let request = serde_json::from_value(request).map_err(|error| failed(error.to_string()))?;
        database.update_time_to_live(request).map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}
