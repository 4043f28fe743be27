//! A model's artifact, and every look into it that a lookup takes.
#![no_main]

use bytes::Bytes;
use rapport_core::model::{Model, Table};
use rapport_fuzz::bounded;

libfuzzer_sys::fuzz_target!(|artifact: &[u8]| {
    let artifact = Bytes::copy_from_slice(artifact);
    let Ok(model) = bounded(artifact.len(), || Model::parse(artifact.clone())) else { return };
    for index in 0..model.len().min(64) as u32 {
        let _ = model.item(index);
        let _ = (model.popularity(index), model.trending(index), model.repeat(index), model.rarity(index));
        let _ = (model.together(index).count(), model.bought_after(index).count(), model.visits_with(index).len());
        for table in Table::ALL {
            let _ = model.neighbours(table, index).count();
        }
    }
    for visit in 0..model.recent_visits().min(64) as u32 {
        let _ = model.recent_visit(visit).len();
    }
});
