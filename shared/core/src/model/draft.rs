//! What training hands over, and how it is laid out: the writing side of the artifact.

use super::{
    FEWEST_SUPPORTERS, Meta, ModelError, Neighbour, NextLook, NextPurchase, Placements, RecentVisits, SCHEMA, Table,
    item::Extras,
    purchases::INTERCEPTS,
    tensor::{Indices, META, Number},
};
use crate::{
    catalog::Item,
    digest::content_hash,
    id::ItemId,
    money::Currency,
    persona::Personas,
    prediction::{Leads, Outlook, Rhythm, Tastes},
    time::Timestamp,
};
use half::f16;
use safetensors::{Dtype, tensor::TensorView};
use std::collections::{BTreeMap, HashMap};

/// How many trending items are listed.
const POPULAR_KEPT: usize = 200;

/// A model in the making. Items may come in any order; the tables' indices mean places in `items`.
#[derive(Clone, Debug)]
pub struct Draft {
    /// When it was trained.
    pub created: Timestamp,
    /// The shop's currency.
    pub currency: Currency,
    /// How many people, events, orders and visits were learned from.
    pub learned_from: [u64; 4],
    /// The catalog; every id once.
    pub items: Vec<Item>,
    /// SKUs by which items may be asked for too, each with the id of the item that has it, every SKU once.
    pub skus: Vec<(ItemId, ItemId)>,
    /// What is known of each item's sales; as many as `items`.
    pub statistics: Vec<ItemStatistics>,
    /// For each table and item the related ones; a table that is absent is empty.
    pub tables: BTreeMap<Table, Vec<Vec<Neighbour>>>,
    /// How a session's evidence is weighed.
    pub next_look: NextLook,
    /// The newest visits; none where neighbours are not asked.
    pub recent: Option<RecentVisits>,
    /// See [`super::Model::bought_after`]: by item, (item, weight); pairs with 2 customers or more behind them only.
    pub purchases: Vec<Vec<(u32, f32)>>,
    /// See [`super::Model::bought_anyway`]; by item.
    pub intercepts: Vec<f32>,
    /// How next purchases are ranked.
    pub next_purchase: NextPurchase,
    /// How sources are weighed by placement, and what scores mean.
    pub placements: Placements,
    /// See [`super::Model::seasonal`].
    pub seasonal: Vec<u32>,
    /// What customers will do next.
    pub outlook: Option<Outlook>,
    /// Which categories they buy of.
    pub tastes: Option<Tastes>,
    /// Who will order for the first time.
    pub leads: Option<Leads>,
    /// At which hours of the week people are at it.
    pub rhythm: Option<Rhythm>,
    /// The kinds of shoppers.
    pub personas: Option<Personas>,
}

/// What counting tells of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ItemStatistics {
    /// See [`super::Model::popularity`].
    pub popularity: f32,
    /// See [`super::Model::trending`].
    pub trending: f32,
    /// See [`super::Model::repeat`].
    pub repeat: super::Repeat,
}

impl Draft {
    /// A model that knows nothing, for a shop that has nothing yet.
    #[must_use]
    pub fn empty(created: Timestamp, currency: Currency) -> Self {
        Self {
            created,
            currency,
            learned_from: [0; 4],
            items: Vec::new(),
            skus: Vec::new(),
            statistics: Vec::new(),
            tables: BTreeMap::new(),
            next_look: NextLook::DEFAULT,
            recent: None,
            purchases: Vec::new(),
            intercepts: Vec::new(),
            next_purchase: NextPurchase::default(),
            placements: Placements::DEFAULT,
            seasonal: Vec::new(),
            outlook: None,
            tastes: None,
            leads: None,
            rhythm: None,
            personas: None,
        }
    }

    /// The artifact's bytes, and the model's name. The same draft always gives the same bytes.
    ///
    /// # Errors
    /// [`ModelError`] when it is too large to be numbered.
    pub fn to_bytes(&self) -> Result<(Vec<u8>, String), ModelError> {
        let writer = self.layout()?;
        // The name tells the content, so the content is written once without it.
        let unnamed = writer.finish(&self.meta(String::new()))?;
        let id = format!("m_{}_{}", self.created.day(), content_hash(&unnamed).get(..4).unwrap_or_default());
        Ok((writer.finish(&self.meta(id.clone()))?, id))
    }

    /// How many bytes the artifact takes without its description.
    ///
    /// # Errors
    /// [`ModelError`] when it is too large to be numbered.
    pub fn weight(&self) -> Result<usize, ModelError> {
        Ok(self.layout()?.tensors.values().map(|(.., bytes)| bytes.len()).sum())
    }

    fn meta(&self, id: String) -> Meta {
        let [people, events, orders, visits] = self.learned_from;
        Meta {
            schema: SCHEMA,
            id,
            created: self.created,
            currency: self.currency,
            people,
            events,
            orders,
            visits,
            next_look: self.next_look,
            next_purchase: self.next_purchase,
            placements: self.placements,
            outlook: self.outlook.clone(),
            tastes: self.tastes.clone(),
            leads: self.leads.clone(),
            rhythm: self.rhythm.clone(),
            personas: self.personas.clone(),
        }
    }

    fn layout(&self) -> Result<Writer, ModelError> {
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.sort_unstable_by(|a, b| self.items[*a].id.cmp(&self.items[*b].id));
        let mut place = vec![0u32; order.len()];
        for (new, old) in order.iter().enumerate() {
            place[*old] = u32::try_from(new).map_err(|_| ModelError::TooLarge("items"))?;
        }
        let items: Vec<&Item> = order.iter().map(|old| &self.items[*old]).collect();
        let statistics: Vec<ItemStatistics> = order.iter().map(|old| self.statistics.get(*old).copied().unwrap_or_default()).collect();

        let mut writer = Writer::default();
        writer.items(&items)?;
        writer.skus(&self.skus, &items)?;
        writer.words("category", items.iter().map(|item| item.category.as_deref()))?;
        writer.statistics(&statistics);
        writer.popular(&statistics);
        if !self.seasonal.is_empty() {
            writer.numbers("seasonal", &self.seasonal.iter().map(|old| place[*old as usize]).collect::<Vec<u32>>());
        }
        let careful: Vec<u32> = (0u32..).zip(&items).filter(|(_, item)| item.is_careful()).map(|(place, _)| place).collect();
        if !careful.is_empty() {
            writer.numbers("careful", &careful);
        }
        for table in Table::ALL {
            let rows = self.tables.get(&table);
            let row = |old: &usize| rows.and_then(|rows| rows.get(*old)).map(Vec::as_slice).unwrap_or_default();
            writer.table(table, order.iter().map(row), &place)?;
        }
        writer.purchases(order.iter().map(|old| self.purchases.get(*old).map(Vec::as_slice).unwrap_or_default()), &place)?;
        writer.intercepts(order.iter().map(|old| self.intercepts.get(*old).copied().unwrap_or_default()));
        if let Some(recent) = &self.recent {
            writer.recent(recent, &order, &place)?;
        }
        Ok(writer)
    }
}

/// Tensors by name, in the order of their names.
#[derive(Default)]
struct Writer {
    tensors: BTreeMap<String, (Dtype, usize, Vec<u8>)>,
}

impl Writer {
    fn numbers<T: Number>(&mut self, name: impl Into<String>, numbers: &[T]) {
        self.tensors.insert(name.into(), (T::DTYPE, numbers.len(), bytemuck::cast_slice(numbers).to_vec()));
    }

    fn texts<'a>(&mut self, name: &'static str, texts: impl Iterator<Item = &'a str>) -> Result<(), ModelError> {
        let (mut at, mut bytes) = (vec![0u32], Vec::new());
        for text in texts {
            bytes.extend_from_slice(text.as_bytes());
            at.push(u32::try_from(bytes.len()).map_err(|_| ModelError::TooLarge(name))?);
        }
        self.numbers(format!("{name}_at"), &at);
        self.numbers(format!("{name}_text"), &bytes);
        Ok(())
    }

    /// The same, unless all are empty: what nobody told takes no room.
    fn column<'a>(&mut self, name: &'static str, texts: impl Iterator<Item = &'a str> + Clone) -> Result<(), ModelError> {
        if texts.clone().all(str::is_empty) { Ok(()) } else { self.texts(name, texts) }
    }

    /// Addresses: what all begin with once, then the rest of each. An empty rest stands for no address, so some is always left.
    fn addresses<'a>(
        &mut self,
        name: &'static str,
        name_of_start: &'static str,
        texts: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), ModelError> {
        let told = || texts.clone().filter(|text| !text.is_empty());
        let shared = |start: &'a str, text: &'a str| {
            let length = start.chars().zip(text.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>();
            let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
            &start[..length.min(last)]
        };
        let start = told().next().map_or("", |first| told().fold(first, shared));
        self.column(name_of_start, std::iter::once(start))?;
        self.column(name, texts.map(|text| text.strip_prefix(start).unwrap_or_default()))
    }

    /// Whole numbers as narrow as they all fit, none where nobody told one.
    fn whole(&mut self, name: &'static str, numbers: impl Iterator<Item = Option<i64>> + Clone) {
        let (least, most) = (numbers.clone().flatten().min(), numbers.clone().flatten().max());
        let (Some(least), Some(most)) = (least, most) else { return };
        if least > i64::from(i32::MIN) && most <= i64::from(i32::MAX) {
            self.numbers(name, &numbers.map(|number| number.map_or(i32::MIN, |number| number as i32)).collect::<Vec<i32>>());
        } else {
            self.numbers(name, &numbers.map(|number| number.unwrap_or(i64::MIN)).collect::<Vec<i64>>());
        }
    }

    /// A column of few distinct texts.
    fn words<'a>(&mut self, name: &'static str, texts: impl Iterator<Item = Option<&'a str>> + Clone) -> Result<(), ModelError> {
        let mut words: Vec<&str> = texts.clone().flatten().collect();
        words.sort_unstable();
        words.dedup();
        if words.is_empty() {
            return Ok(());
        }
        let index = |text: &str| words.binary_search(&text).ok();
        let of_item = texts.map(|text| text.and_then(index));
        if Indices::is_narrow(words.len() + 1) {
            self.numbers(name, &of_item.map(|word| word.map_or(u16::MAX, |word| word as u16)).collect::<Vec<u16>>());
        } else {
            self.numbers(name, &of_item.map(|word| word.map_or(u32::MAX, |word| word as u32)).collect::<Vec<u32>>());
        }
        let name_of_words = match name {
            "category" => "category_words",
            "brand" => "brand_words",
            _ => "currency_words",
        };
        self.texts(name_of_words, words.iter().copied())
    }

    fn items(&mut self, items: &[&Item]) -> Result<(), ModelError> {
        self.texts("id", items.iter().map(|item| item.id.as_str()))?;
        self.column("title", items.iter().map(|item| item.title.as_deref().unwrap_or_default()))?;
        self.addresses("image", "image_start", items.iter().map(|item| item.image.as_deref().unwrap_or_default()))?;
        self.addresses("url", "url_start", items.iter().map(|item| item.url.as_deref().unwrap_or_default()))?;
        let rest: Vec<String> = items.iter().map(|item| rest_of(item)).collect::<Result<_, _>>()?;
        self.column("rest", rest.iter().map(String::as_str))?;
        self.words("brand", items.iter().map(|item| item.brand.as_deref()))?;
        self.words("currency", items.iter().map(|item| item.currency.as_ref().map(Currency::code)))?;
        self.whole("price_minor", items.iter().map(|item| item.price_minor));
        self.whole("list_price_minor", items.iter().map(|item| item.list_price_minor));
        self.whole("published", items.iter().map(|item| item.published.map(|at| at.0)));
        self.numbers("in_stock", &items.iter().map(|item| u8::from(item.in_stock)).collect::<Vec<u8>>());
        Ok(())
    }

    /// SKUs in their own order, with the index of the item that has each.
    fn skus(&mut self, skus: &[(ItemId, ItemId)], items: &[&Item]) -> Result<(), ModelError> {
        let index = |id: &ItemId| items.binary_search_by(|item| item.id.cmp(id)).ok();
        let named = skus.iter().filter(|(sku, _)| index(sku).is_none());
        let named: BTreeMap<&ItemId, u32> = named.filter_map(|(sku, id)| Some((sku, index(id)? as u32))).collect();
        if named.is_empty() {
            return Ok(());
        }
        self.texts("sku", named.keys().map(|sku| sku.as_str()))?;
        self.numbers("sku_items", &named.into_values().collect::<Vec<u32>>());
        Ok(())
    }

    fn statistics(&mut self, statistics: &[ItemStatistics]) {
        let column = |read: fn(&ItemStatistics) -> f32| statistics.iter().map(read).collect::<Vec<f32>>();
        self.numbers("popularity", &column(|item| item.popularity));
        self.numbers("trending", &column(|item| item.trending));
        self.numbers("repeat_share", &column(|item| item.repeat.share));
        self.numbers("repeat_days", &column(|item| item.repeat.median_days));
    }

    /// The best items of the shop: by trend, then popularity, then id.
    fn popular(&mut self, statistics: &[ItemStatistics]) {
        let mut best: Vec<u32> = (0..statistics.len() as u32).collect();
        let rank = |item: &u32| statistics.get(*item as usize).map_or((0.0, 0.0), |item| (item.trending, item.popularity));
        best.sort_by(|a, b| rank(b).0.total_cmp(&rank(a).0).then(rank(b).1.total_cmp(&rank(a).1)).then(a.cmp(b)));
        best.truncate(POPULAR_KEPT);
        self.numbers("popular", &best);
    }

    /// Lists of indices below `bound`.
    fn lists(&mut self, name: &'static str, bound: usize, lists: impl Iterator<Item = impl AsRef<[u32]>>) -> Result<(), ModelError> {
        let (mut at, mut entries) = (vec![0u32], Vec::new());
        for list in lists {
            entries.extend_from_slice(list.as_ref());
            at.push(u32::try_from(entries.len()).map_err(|_| ModelError::TooLarge(name))?);
        }
        self.numbers(format!("{name}_at"), &at);
        if Indices::is_narrow(bound) {
            self.numbers(format!("{name}_items"), &entries.iter().map(|index| *index as u16).collect::<Vec<u16>>());
        } else {
            self.numbers(format!("{name}_items"), &entries);
        }
        Ok(())
    }

    /// Rows strongest first. The sign of a weight says whether more than one person stands behind it.
    fn table<'a>(&mut self, table: Table, rows: impl Iterator<Item = &'a [Neighbour]>, place: &[u32]) -> Result<(), ModelError> {
        let (mut lists, mut weights) = (Vec::new(), Vec::new());
        for row in rows {
            // An index that names no item would make the artifact unreadable, so it is left out here.
            let known = row.iter().filter_map(|neighbour| Some((*place.get(neighbour.item as usize)?, neighbour)));
            let mut sorted: Vec<(u32, &Neighbour)> = known.filter(|(_, neighbour)| neighbour.weight > 0.0).collect();
            sorted.sort_by(|a, b| b.1.weight.total_cmp(&a.1.weight).then(a.0.cmp(&b.0)));
            weights.extend(sorted.iter().map(|(_, neighbour)| match neighbour.supporters {
                FEWEST_SUPPORTERS.. => half_of(neighbour.weight),
                _ => -half_of(neighbour.weight),
            }));
            lists.push(sorted.iter().map(|(item, _)| *item).collect::<Vec<u32>>());
        }
        if weights.is_empty() {
            return Ok(());
        }
        self.numbers(format!("{}_weights", table.name()), &weights);
        self.lists(table.name(), place.len(), lists.iter())
    }

    /// Rows in order of their items, so that reading walks forward through memory.
    fn purchases<'a>(&mut self, rows: impl Iterator<Item = &'a [(u32, f32)]>, place: &[u32]) -> Result<(), ModelError> {
        let (mut lists, mut weights) = (Vec::new(), Vec::new());
        for row in rows {
            let known = row.iter().filter_map(|(item, weight)| Some((*place.get(*item as usize)?, signed_half_of(*weight))));
            let mut sorted: Vec<(u32, f16)> = known.filter(|(_, weight)| weight.to_f32() != 0.0).collect();
            sorted.sort_unstable_by_key(|(item, _)| *item);
            weights.extend(sorted.iter().map(|(_, weight)| *weight));
            lists.push(sorted.iter().map(|(item, _)| *item).collect::<Vec<u32>>());
        }
        if weights.is_empty() {
            return Ok(());
        }
        self.numbers("purchase_weights", &weights);
        self.lists("purchase", place.len(), lists.iter())
    }

    fn intercepts(&mut self, shares: impl Iterator<Item = f32> + Clone) {
        if shares.clone().any(|share| share != 0.0) {
            self.numbers(INTERCEPTS, &shares.map(signed_half_of).collect::<Vec<f16>>());
        }
    }

    /// Visits by number, oldest first, and for each item the newest visits with it, newest first.
    fn recent(&mut self, recent: &RecentVisits, order: &[usize], place: &[u32]) -> Result<(), ModelError> {
        let known = |visit: &Vec<u32>| visit.iter().filter_map(|item| place.get(*item as usize).copied()).collect::<Vec<u32>>();
        let visits: Vec<Vec<u32>> = recent.visits.iter().map(known).collect();
        u32::try_from(visits.len()).map_err(|_| ModelError::TooLarge("recent"))?;
        let mut holding: Vec<Vec<u32>> = vec![Vec::new(); order.len()];
        for (number, visit) in visits.iter().enumerate().rev() {
            for item in visit {
                if let Some(held) = holding.get_mut(*item as usize).filter(|held| held.len() < recent.an_item) {
                    held.push(number as u32);
                }
            }
        }
        self.lists("recent", order.len(), visits.iter())?;
        self.lists("holding", visits.len(), holding.iter())?;
        let rarity: Vec<f32> = order.iter().map(|old| recent.rarity.get(*old).copied().unwrap_or(0.0)).collect();
        self.numbers("rarity", &rarity);
        Ok(())
    }

    fn finish(&self, meta: &Meta) -> Result<Vec<u8>, ModelError> {
        // One entry: a map of several would be written in any order, and the bytes would differ from run to run.
        let meta = HashMap::from([(META.to_owned(), serde_json::to_string(meta)?)]);
        let views = self.tensors.iter().map(|(name, (dtype, count, bytes))| Ok((name, TensorView::new(*dtype, vec![*count], bytes)?)));
        let views: Vec<_> = views.collect::<Result<_, ModelError>>()?;
        Ok(safetensors::serialize(views, Some(meta))?)
    }
}

/// The nearest half-precision number, kept finite and above nothing.
fn half_of(weight: f32) -> f16 {
    f16::from_f32(weight.clamp(f16::MIN_POSITIVE.to_f32(), f16::MAX.to_f32()))
}

/// What an artifact keeps of a weight.
#[must_use]
pub fn rounded(weight: f32) -> f32 {
    signed_half_of(weight).to_f32()
}

/// The nearest half-precision number, kept finite.
fn signed_half_of(weight: f32) -> f16 {
    f16::from_f32(weight.clamp(f16::MIN.to_f32(), f16::MAX.to_f32()))
}

/// What has no column of its own, as JSON; nothing where there is nothing.
fn rest_of(item: &Item) -> Result<String, ModelError> {
    if item.tags.is_empty() && item.attributes.is_empty() {
        return Ok(String::new());
    }
    Ok(serde_json::to_string(&Extras { tags: item.tags.clone(), attributes: item.attributes.clone() })?)
}
