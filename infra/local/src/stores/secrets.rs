//! Secrets Manager over one file that only its owner may read: the home's keys.

use crate::http::{Answer, aws_error, json_answer};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The one secret of a home.
#[derive(Debug)]
pub(crate) struct SecretFile {
    /// What callers know it by.
    pub(crate) name: String,
    /// Where it lies.
    pub(crate) path: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Call {
    secret_id: String,
    name: String,
    secret_string: String,
}

impl SecretFile {
    /// Answers one call; JSON 1.1, as the SDKs speak to Secrets Manager.
    pub(crate) fn answer(&self, operation: &str, body: &Bytes) -> Answer {
        let Ok(call) = serde_json::from_slice::<Call>(body) else {
            return aws_error(400, "InvalidRequestException", "the body does not fit the operation");
        };
        let done = match operation {
            "GetSecretValue" => self.get(&call),
            "PutSecretValue" | "UpdateSecret" => self.put(&call),
            "CreateSecret" => self.create(&call),
            other => return aws_error(400, "InvalidRequestException", &format!("`{other}` is not served here")),
        };
        match done {
            Ok(document) => json_answer(200, &document),
            Err(error) if error.kind() == io::ErrorKind::NotFound => aws_error(400, "ResourceNotFoundException", "there is no such secret"),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => aws_error(400, "ResourceExistsException", "the secret exists"),
            Err(error) => aws_error(500, "InternalServiceError", &error.to_string()),
        }
    }

    fn get(&self, call: &Call) -> io::Result<Value> {
        self.known(&call.secret_id)?;
        let mut document = self.described();
        document["SecretString"] = fs::read_to_string(&self.path)?.into();
        Ok(document)
    }

    fn put(&self, call: &Call) -> io::Result<Value> {
        self.known(&call.secret_id)?;
        fs::metadata(&self.path)?;
        write_private(&self.path, call.secret_string.as_bytes())?;
        Ok(self.described())
    }

    fn create(&self, call: &Call) -> io::Result<Value> {
        self.known(&call.name)?;
        if self.path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        write_private(&self.path, call.secret_string.as_bytes())?;
        Ok(self.described())
    }

    fn known(&self, name: &str) -> io::Result<()> {
        if name == self.name { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn described(&self) -> Value {
        json!({ "ARN": format!("arn:aws:secretsmanager:local:000000000000:secret:{}", self.name), "Name": self.name, "VersionId": "1" })
    }
}

/// Replaces the file whole, readable by its owner alone from the first byte.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_then_replaced() {
        let home = tempfile::tempdir().unwrap();
        let file = SecretFile { name: "local/keys".into(), path: home.path().join("keys.json") };
        let call = |operation: &str, body: &str| file.answer(operation, &Bytes::copy_from_slice(body.as_bytes())).status().as_u16();
        for (operation, body, status) in [
            ("GetSecretValue", r#"{"SecretId":"local/keys"}"#, 400),
            ("PutSecretValue", r#"{"SecretId":"local/keys","SecretString":"0"}"#, 400),
            ("CreateSecret", r#"{"Name":"other/keys","SecretString":"0"}"#, 400),
            ("CreateSecret", r#"{"Name":"local/keys","SecretString":"1"}"#, 200),
            ("CreateSecret", r#"{"Name":"local/keys","SecretString":"2"}"#, 400),
            ("PutSecretValue", r#"{"SecretId":"local/keys","SecretString":"3"}"#, 200),
            ("GetSecretValue", r#"{"SecretId":"local/keys"}"#, 200),
            ("DeleteSecret", r#"{"SecretId":"local/keys"}"#, 400),
        ] {
            assert_eq!(call(operation, body), status, "{operation} {body}");
        }
        assert_eq!(fs::read_to_string(&file.path).unwrap(), "3");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file.path).unwrap().permissions()) & 0o777, 0o600);
    }
}
