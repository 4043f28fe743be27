//! Bounding a body, and taking the key out of it.

use super::{Body, Refusal};
use flate2::read::GzDecoder;
use rapport_core::source::{Call, Route};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{collections::BTreeMap, io::Read as _};

/// Largest batch, in bytes, unpacked.
const BATCH_BYTES: usize = 500 * 1024;
/// Largest event, in bytes.
const EVENT_BYTES: usize = 32 * 1024;
/// Largest beacon, in bytes: what browsers let through.
const BEACON_BYTES: usize = 64 * 1024;

/// A body with its key taken out.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// `writeKey` or `key`, where the body has one.
    pub(crate) key: Option<String>,
    /// The body without it, where it had one: keys do not travel through queues.
    pub(crate) body: Option<Body>,
}

/// The body unpacked, if it is no larger than the route allows.
pub(crate) fn unpack(body: &Body, encoding: Option<&str>, route: &Route) -> Result<Body, Refusal> {
    let most = most(route);
    if body.len() > most {
        return Err(too_large(route));
    }
    // Some proxies unpack and leave the header; gzip's own mark decides.
    if !encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case("gzip")) || !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(body.clone());
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(body.as_ref())
        .take(most as u64 + 1)
        .read_to_end(&mut unpacked)
        .map_err(|_| Refusal::Malformed("the body is not the gzip that its Content-Encoding says".to_owned()))?;
    if unpacked.len() > most { Err(too_large(route)) } else { Ok(unpacked.into()) }
}

const fn most(route: &Route) -> usize {
    match route {
        Route::Beacon => BEACON_BYTES,
        Route::Segment(Call::Batch) => BATCH_BYTES,
        _ => EVENT_BYTES,
    }
}

/// Segment's libraries know 400 for a body that is too large; everything else on the web knows 413.
const fn too_large(route: &Route) -> Refusal {
    match route {
        Route::Beacon => Refusal::TooLarge { status: 413, most_bytes: BEACON_BYTES },
        _ => Refusal::TooLarge { status: 400, most_bytes: most(route) },
    }
}

/// Checks a body's outer shape; the events inside are `ingest`'s to judge, for one bad one must not fail the rest.
pub(crate) fn read(body: &Body, route: &Route) -> Result<Read, Refusal> {
    let malformed = |problem: serde_json::Error| Refusal::Malformed(format!("the body is not the JSON expected here: {problem}"));
    if *route == Route::Beacon && body.trim_ascii_start().starts_with(b"[") {
        let events: Vec<&RawValue> = serde_json::from_slice(body).map_err(malformed)?;
        bounded(&events)?;
        return Ok(Read::default());
    }
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_slice(body).map_err(malformed)?;
    if let Some(batch) = fields.get("batch") {
        bounded(&Vec::<&RawValue>::deserialize(*batch).map_err(malformed)?)?;
    } else if *route == Route::Segment(Call::Batch) {
        return Err(Refusal::Malformed("`batch` is missing; send {\"batch\": [...]}".to_owned()));
    } else if *route != Route::Beacon
        && !["userId", "anonymousId", "previousId"].iter().any(|name| fields.get(*name).is_some_and(|id| id.get() != "null"))
    {
        return Err(Refusal::Malformed("`userId` or `anonymousId` is missing".to_owned()));
    }
    let keys: Vec<&RawValue> = ["writeKey", "key"].into_iter().filter_map(|name| fields.remove(name)).collect();
    let Some(key) = keys.first() else { return Ok(Read::default()) };
    let body = serde_json::to_vec(&fields).map_err(malformed)?;
    Ok(Read { key: serde_json::from_str(key.get()).ok(), body: Some(body.into()) })
}

fn bounded(events: &[&RawValue]) -> Result<(), Refusal> {
    if events.iter().any(|event| event.get().len() > EVENT_BYTES) {
        Err(Refusal::TooLarge { status: 400, most_bytes: EVENT_BYTES })
    } else {
        Ok(())
    }
}
