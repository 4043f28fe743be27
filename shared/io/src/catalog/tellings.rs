//! What platforms tell about products, on top of what is known: the core says what holds, here it is read and written.

use super::{Catalog, SCHEMA, document, row};
use crate::{
    layout::{self, Table},
    ports::{Condition, Record, RecordKey, StoreError},
};
use rapport_core::{
    catalog::{Item, Shelf, Telling, Variant},
    id::ItemId,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// How often a write is tried again when another one gets in between.
const ATTEMPTS: u32 = 5;

/// Which item a stocked variant belongs to.
#[derive(Serialize, Deserialize)]
struct Belongs {
    v: u8,
    item: ItemId,
}

impl Catalog {
    /// Takes in what platforms told, in any order and any number of times; of two tellings about one thing the newer holds. Stock of a
    /// variant that no product was told to have is read past: the product will tell it.
    ///
    /// # Errors
    /// The first [`StoreError`]; some may be taken in then, and the same call again is safe.
    pub async fn hear(&self, tellings: &[Telling], now: Timestamp) -> Result<(), StoreError> {
        for telling in tellings {
            match telling {
                Telling::Product { item, variants, .. } => {
                    self.hear_one(&item.id, telling, now).await?;
                    self.claim(&item.id, variants).await?;
                }
                // What was never sold here need not be remembered as gone.
                Telling::Gone { item, .. } => self.hear_one(item, telling, now).await?,
                Telling::Level { variant, .. } => {
                    if let Some(item) = self.item_of(variant).await? {
                        self.hear_one(&item, telling, now).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn hear_one(&self, id: &ItemId, telling: &Telling, now: Timestamp) -> Result<(), StoreError> {
        let key = RecordKey::new(layout::ITEMS, layout::item(id));
        for _ in 0..ATTEMPTS {
            let known = self.records.get_one(Table::Catalog, &key).await?;
            let condition = known.as_ref().map_or(Condition::Absent, |known| Condition::Version(known.version.to_string()));
            let (mut item, shelf) = match &known {
                Some(known) => document(known).map(|document| (document.item, document.shelf))?,
                None if matches!(telling, Telling::Product { .. }) => (Item::bare(id.clone()), None),
                None => return Ok(()),
            };
            let mut shelf: Shelf = shelf.unwrap_or_default();
            if !shelf.hear(&mut item, telling) {
                return Ok(());
            }
            match self.records.put(Table::Catalog, row(&item, Some(shelf), now)?, condition).await {
                Err(StoreError::Conflict { .. }) => {}
                written => return written.map(|_| ()),
            }
        }
        Err(StoreError::conflict(format!("item {id}")))
    }

    /// Notes whose the variants are. A variant never moves to another product, so what is there is not written again.
    async fn claim(&self, item: &ItemId, variants: &[Variant]) -> Result<(), StoreError> {
        let keys: Vec<RecordKey> = variants.iter().map(|variant| RecordKey::new(layout::VARIANTS, variant.id.as_str())).collect();
        let known = self.records.get(Table::Catalog, &keys, false).await?;
        for (key, _) in keys.into_iter().zip(known).filter(|(_, known)| known.is_none()) {
            let body = serde_json::to_vec(&Belongs { v: SCHEMA, item: item.clone() });
            let body = body.map_err(|error| StoreError::refused(format!("variant {}", key.sk), error))?;
            let record = Record::new(key, body.into());
            self.records.put(Table::Catalog, record, Condition::Always).await?;
        }
        Ok(())
    }

    async fn item_of(&self, variant: &str) -> Result<Option<ItemId>, StoreError> {
        let row = self.records.get_one(Table::Catalog, &RecordKey::new(layout::VARIANTS, variant)).await?;
        let belongs = row.map(|row| serde_json::from_slice::<Belongs>(&row.body)).transpose();
        Ok(belongs.map_err(|error| StoreError::refused(format!("variant {variant}"), error))?.map(|belongs| belongs.item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{counting::Counting, memory::MemoryRecords};
    use std::sync::Arc;

    const NOW: Timestamp = Timestamp(1_795_348_800_000);

    fn loaf() -> Item {
        Item { title: Some("Loaf".into()), ..Item::bare(ItemId::new("loaf").unwrap()) }
    }

    fn product(available: i64, told: i64) -> Telling {
        let variants = vec![Variant { id: "v1".into(), always: false, available }];
        Telling::Product { item: Box::new(loaf()), variants, told: Timestamp(told) }
    }

    fn level(variant: &str, available: i64, told: i64) -> Telling {
        Telling::Level { variant: variant.into(), place: "shop".into(), available, told: Timestamp(told) }
    }

    async fn in_stock(tellings: &[Telling]) -> Vec<bool> {
        let catalog = Catalog::new(Arc::new(MemoryRecords::default()));
        for telling in tellings {
            catalog.hear(std::slice::from_ref(telling), NOW).await.unwrap();
        }
        catalog.items().await.unwrap().iter().map(|item| item.in_stock).collect()
    }

    #[tokio::test]
    async fn stock_finds_its_product() {
        let gone = Telling::Gone { item: loaf().id, told: Timestamp(9) };
        assert_eq!(in_stock(&[product(3, 1), level("v1", 0, 2)]).await, [false]);
        assert_eq!(in_stock(&[product(3, 1), level("v1", 0, 2), product(2, 3)]).await, [true]);
        assert_eq!(in_stock(&[product(2, 3), product(0, 1)]).await, [true], "an old telling comes late");
        assert_eq!(in_stock(&[product(2, 3), gone.clone(), product(2, 8)]).await, [false]);
        assert_eq!(in_stock(&[level("v1", 5, 2), gone]).await, [] as [bool; 0], "nobody told of such a product");
    }

    #[tokio::test]
    async fn lookups_hear_of_it_and_repetitions_cost_no_write() {
        let records = Arc::new(Counting::new(MemoryRecords::default()));
        let catalog = Catalog::new(Arc::clone(&records) as _);
        catalog.hear(&[product(3, 1)], NOW).await.unwrap();
        assert_eq!(records.take(), (2, 2), "the item, its variant");
        catalog.hear(&[product(3, 1), level("v9", 1, 2)], NOW).await.unwrap();
        assert_eq!(records.take().1, 0);
        catalog.hear(&[level("v1", 0, 2)], NOW.plus_ms(60_000)).await.unwrap();
        let changes = catalog.changes_since(NOW.plus_ms(30_000)).await.unwrap();
        assert_eq!(changes.items, [Item { in_stock: false, ..loaf() }]);
    }
}
