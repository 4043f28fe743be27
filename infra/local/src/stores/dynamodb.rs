//! DynamoDB, embedded: every write is in an SQLite file before it is answered.

use super::StoresError;
use crate::template::TableSpec;
use dynoxide::{Database, DynoxideError};
use serde_json::json;
use std::path::Path;

/// Opens, or makes, the file and whatever of `tables` it lacks.
pub(crate) fn open(path: &Path, tables: &[TableSpec]) -> Result<Database, StoresError> {
    let path = path.to_str().ok_or_else(|| StoresError::Path(path.to_owned()))?;
    let database = Database::new(path).map_err(|error| StoresError::Tables(error.to_string()))?;
    for table in tables {
        create(&database, table)?;
    }
    Ok(database)
}

fn create(database: &Database, table: &TableSpec) -> Result<(), StoresError> {
    let failed = |error: String| StoresError::Tables(format!("{}: {error}", table.name));
    let request = serde_json::from_value(table.create.clone()).map_err(|error| failed(error.to_string()))?;
    match database.create_table(request) {
        // Its settings were given when it was made.
        Err(DynoxideError::ResourceInUseException(_)) => return Ok(()),
        made => made.map_err(|error| failed(error.to_string()))?,
    };
    if let Some(attribute) = &table.expiry {
        let request = json!({ "TableName": table.name, "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true } });
        let request = serde_json::from_value(request).map_err(|error| failed(error.to_string()))?;
        database.update_time_to_live(request).map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}
