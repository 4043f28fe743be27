//! Where a shop's local state lives, and who may hold it.
//!
//! ```text
//! .rapport/
//!   tables.sqlite      DynamoDB
//!   queues.sqlite      SQS, and which log objects are folded
//!   s3/<bucket>/…      S3, as plain files
//!   keys.json          the keys, readable by their owner alone
//!   shop.json          the shop's currency, and what unset consent means
//!   demo.json          only where it is the demo shop's: which one, and whether all of it was sent
//!   serve.json         who serves this home now, and where
//!   lock               held by whoever runs the stores
//! ```

use crate::stores::Endpoints;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another process runs its stores.
    #[error("{0} is in use by another `rapport`; stop that one, or choose another --home")]
    InUse(PathBuf),
    /// It cannot be made, read or written.
    #[error("{path}: {source}")]
    Io {
        /// What could not be used.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A folder that this process holds: nobody else runs stores on it until it is dropped.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    _lock: File,
}

/// What a running suite says of itself to other commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// Its process.
    pub pid: u32,
    /// Its stores.
    pub endpoints: Endpoints,
    /// Where it answers HTTP.
    pub port: u16,
}

impl Home {
    /// Makes the folder where there is none, and takes hold of it.
    ///
    /// # Errors
    /// [`HomeError::InUse`] when another process holds it.
    pub fn hold(path: &Path) -> Result<Self, HomeError> {
        let failed = |source| HomeError::Io { path: path.to_owned(), source };
        fs::create_dir_all(path.join("s3")).map_err(failed)?;
        let lock = File::options().create(true).append(true).open(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(HomeError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn tables(&self) -> PathBuf {
        self.path.join("tables.sqlite")
    }

    pub(crate) fn queues(&self) -> PathBuf {
        self.path.join("queues.sqlite")
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.path.join("s3")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        keys(&self.path)
    }

    /// Tells other commands where this home is served.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn announce(&self, serving: &Serving) -> Result<(), HomeError> {
        let path = self.path.join("serve.json");
        let document = serde_json::to_vec_pretty(serving).map_err(io::Error::other);
        document
            .and_then(|document| crate::stores::secrets::write_private(&path, &document))
            .map_err(|source| HomeError::Io { path, source })
    }

    /// Takes the announcement back.
    pub fn withdraw(&self) {
        // Nobody trusts the file without the lock behind it, so one that stays does no harm.
        let _ = fs::remove_file(self.path.join("serve.json"));
    }
}

/// Where the keys of the home at `path` lie.
#[must_use]
pub fn keys(path: &Path) -> PathBuf {
    path.join("keys.json")
}

/// Who serves the home at `path` now. A file whose writer was killed counts for nothing: the lock, which dies with its process, says
/// whether somebody is there.
#[must_use]
pub fn serving(path: &Path) -> Option<Serving> {
    let lock = File::open(path.join("lock")).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => serde_json::from_slice(&fs::read(path.join("serve.json")).ok()?).ok(),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_dead_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let text = String::new;
        let serving_here =
            Serving { pid: 7, endpoints: Endpoints { dynamodb: text(), s3: text(), sqs: text(), secrets: text() }, port: 3000 };
        assert_eq!(serving(folder.path()), None, "nobody yet");
        let home = Home::hold(folder.path()).unwrap();
        assert!(matches!(Home::hold(folder.path()), Err(HomeError::InUse(_))));
        home.announce(&serving_here).unwrap();
        assert_eq!(serving(folder.path()), Some(serving_here));
        drop(home);
        assert_eq!(serving(folder.path()), None, "the file is there, its writer is not");
        Home::hold(folder.path()).unwrap();
    }
}
