//! What training learned about the shop, read where it lies: one safetensors file, viewed without copying a tensor.
//!
//! [`Model::parse`] checks everything that a lookup relies on (offsets rise, indices name items, text is UTF-8, numbers are
//! finite), so that a damaged artifact is refused as a whole and no lookup can fail afterwards. Its caller has compared the
//! artifact's hash with its name. Items are known by their index, `0..len`, in the order of their ids: finding an id is a
//! binary search and needs no table of its own.
//!
//! [`Draft`] is the other direction: what training hands over, and the one place where the layout is written.
//!
//! What is absent: customers. An artifact holds items and pairs of items, and of pairs it says whether more than one person stands
//! behind them.

mod draft;
mod item;
mod looks;
mod placements;
mod purchases;
mod tensor;

pub use draft::{Draft, ItemStatistics, rounded};
pub use item::{Extras, ItemView, Repeat};
pub use looks::{NextLook, RecentVisits};
pub use placements::{Blend, Calibration, Placement, Placements, Weighing};
pub use purchases::NextPurchase;
pub use tensor::Row;

use crate::{
    id::ItemId,
    money::Currency,
    persona::Personas,
    prediction::{Leads, Outlook, Rhythm, Tastes},
    time::Timestamp,
};
use bytes::Bytes;
use half::f16;
use item::Items;
use looks::Recent;
use purchases::Purchases;
use serde::{Deserialize, Serialize};
use tensor::{Lists, Tensor, Tensors};

/// The layout that is written today. Older ones stay readable: each has a fixture under `model/fixtures`.
///
/// | Schema | Differs from the next in |
/// |---|---|
/// | 1 | indices of four bytes; `*_supporters` beside the weights in place of their sign |
/// | 2 | a `basket` table; every column written, also one of nothing, and as wide as any; addresses in full |
pub const SCHEMA: u32 = 3;

/// Why an artifact is refused. The model before it keeps serving.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not a safetensors file, or cut short.
    #[error("not a model artifact: {0}")]
    Container(#[from] safetensors::SafeTensorError),
    /// No description, or one that cannot be read.
    #[error("the artifact does not describe itself: {0}")]
    Meta(#[from] serde_json::Error),
    /// Written by a newer release.
    #[error("the artifact has schema {0}; this release reads up to {SCHEMA}")]
    Schema(u32),
    /// A tensor that contradicts itself or the others.
    #[error("tensor `{name}` {why}")]
    Damaged {
        /// Which.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// More than an artifact can number: 2^32 items, entries or bytes of text.
    #[error("`{0}` has more than 4,294,967,295 entries")]
    TooLarge(&'static str),
}

/// What an artifact says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// The layout.
    pub schema: u32,
    /// The model's name, `m_<day>_<four digits of its content>`.
    pub id: String,
    /// When it was trained; what decays was decayed to here.
    pub created: Timestamp,
    /// The shop's currency.
    pub currency: Currency,
    /// How many people's events were learned from, devices included.
    pub people: u64,
    /// How many events were learned from.
    pub events: u64,
    /// How many orders.
    pub orders: u64,
    /// How many visits with two items or more.
    pub visits: u64,
    /// How a session's evidence is weighed; the fixed default in artifacts that do not say.
    #[serde(default)]
    pub next_look: NextLook,
    /// How next purchases are ranked; the defaults in artifacts that do not say.
    #[serde(default)]
    pub next_purchase: NextPurchase,
    /// How sources are weighed by placement, and what scores mean; the defaults in artifacts that do not say.
    #[serde(default)]
    pub placements: Placements,
    /// What customers will do next; absent in artifacts that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlook: Option<Outlook>,
    /// Which categories they buy of; absent in artifacts that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tastes: Option<Tastes>,
    /// Who will order for the first time; absent in artifacts that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads: Option<Leads>,
    /// At which hours of the week people are at it; absent in artifacts that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rhythm: Option<Rhythm>,
    /// The kinds of shoppers; absent in artifacts that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personas: Option<Personas>,
}

/// A table of related items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// What is looked at next. A pair may rest on one visitor, or on visits that share a third item (nobody): `similar` shows the
    /// shared ones.
    Session,
    /// Complements: in the same order more often than chance explains; the weight is the lift. 2 customers or more behind each.
    Together,
    /// Alike by category, words, brand and price: what there is for an item that nobody dealt with yet. Nobody stands behind it.
    Content,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Session, Self::Together, Self::Content];

    /// The prefix of its tensors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Together => "together",
            Self::Content => "content",
        }
    }
}

/// A related item, as training hands it over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Its place in the draft's items.
    pub item: u32,
    /// How strongly, greater is stronger, finite and above 0; comparable within one table.
    pub weight: f32,
    /// How many distinct people stand behind it.
    pub supporters: u32,
}

/// A related item, as a lookup reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Related {
    /// Its index.
    pub item: u32,
    /// How strongly, greater is stronger, finite and above 0; comparable within one table.
    pub weight: f32,
    /// Whether [`FEWEST_SUPPORTERS`] people or more stand behind it. A pair of fewer could give one of them away.
    pub is_shared: bool,
}

/// How many distinct people must stand behind a pair before strangers are told of it as a pair.
pub const FEWEST_SUPPORTERS: u32 = 2;

/// Below this popularity, a day with a purchase or ten with looks only, people's doings say nothing of an item yet.
pub const HARDLY_KNOWN: f32 = 1.0;

/// A model, ready for lookups. Cloning is cheap: the bytes are shared.
#[derive(Clone, Debug)]
pub struct Model {
    meta: Meta,
    items: Items,
    popularity: Tensor<f32>,
    trending: Tensor<f32>,
    popular: Tensor<u32>,
    seasonal: Tensor<u32>,
    careful: Tensor<u32>,
    repeat_share: Tensor<f32>,
    repeat_days: Tensor<f32>,
    tables: [Neighbours; 3],
    recent: Option<Recent>,
    purchases: Purchases,
}

#[derive(Clone, Debug)]
struct Neighbours {
    items: Lists,
    /// Below 0 where fewer than [`FEWEST_SUPPORTERS`] stand behind the entry: the sign of a weight that is never negative is free.
    weights: Tensor<f16>,
    /// How many stand behind each entry, in schema 1, whose weights have no sign.
    supporters: Option<Tensor<u16>>,
}

impl Model {
    /// Reads an artifact. Nothing is copied, unless the bytes lie where numbers cannot be read (then once, as a whole).
    ///
    /// # Errors
    /// [`ModelError`] when anything in it is not as a lookup needs it.
    pub fn parse(artifact: Bytes) -> Result<Self, ModelError> {
        let (tensors, meta) = Tensors::open(artifact)?;
        let meta: Meta = serde_json::from_str(&meta)?;
        if !(1..=SCHEMA).contains(&meta.schema) {
            return Err(ModelError::Schema(meta.schema));
        }
        let is_sound = meta.next_purchase.is_sound() && meta.placements.is_sound() && meta.outlook.as_ref().is_none_or(Outlook::is_sound);
        let is_sound = is_sound && meta.tastes.as_ref().is_none_or(Tastes::is_sound) && meta.leads.as_ref().is_none_or(Leads::is_sound);
        let is_sound =
            is_sound && meta.rhythm.as_ref().is_none_or(Rhythm::is_sound) && meta.personas.as_ref().is_none_or(Personas::is_sound);
        tensor::check(tensor::META, is_sound, "has parameters that no score can be made of")?;
        let items = Items::parse(&tensors)?;
        let count = items.len();
        let list = |name: &str| {
            let items = tensors.numbers::<u32>(name, None)?;
            tensor::check(name, items.iter().all(|item| (*item as usize) < count), "names an item that does not exist")?;
            Ok::<_, ModelError>(items)
        };
        let [session, together, content] = Table::ALL.map(|table| Neighbours::parse(&tensors, table, count));
        Ok(Self {
            popularity: tensors.finite("popularity", count)?,
            trending: tensors.finite("trending", count)?,
            repeat_share: tensors.finite("repeat_share", count)?,
            repeat_days: tensors.finite("repeat_days", count)?,
            tables: [session?, together?, content?],
            recent: Recent::parse(&tensors, count)?,
            purchases: Purchases::parse(&tensors, count)?,
            popular: list("popular")?,
            // Shops in their first year know no season, nor do older artifacts.
            seasonal: if tensors.has("seasonal") { list("seasonal")? } else { Tensor::none() },
            careful: if tensors.has("careful") { list("careful")? } else { Tensor::none() },
            items,
            meta,
        })
    }

    /// The same tables, weighed otherwise: how training tries what suits a shop.
    #[must_use]
    pub fn weighing(mut self, next_look: NextLook, next_purchase: NextPurchase) -> Self {
        (self.meta.next_look, self.meta.next_purchase) = (next_look, next_purchase);
        self
    }

    /// The same for the sources at each placement.
    #[must_use]
    pub const fn placing(mut self, placements: Placements) -> Self {
        self.meta.placements = placements;
        self
    }

    /// What the artifact says about itself.
    #[must_use]
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The model's name, `m_2026-11-21_4f9a`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.meta.id
    }

    /// How many items there are; their indices are all below.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index of `id`, or of the item that has it for a SKU.
    #[must_use]
    pub fn index_of(&self, id: &ItemId) -> Option<u32> {
        self.items.find(id.as_str())
    }

    /// The index of the item that has `sku`.
    #[must_use]
    pub fn with_sku(&self, sku: &ItemId) -> Option<u32> {
        self.items.with_sku(sku.as_str())
    }

    /// Whether `id` is the one of the item at `index`.
    #[must_use]
    pub fn is_named(&self, index: u32, id: &str) -> bool {
        self.items.is_named(index, id)
    }

    /// What is known of an item; `None` when the index is not below [`Model::len`].
    #[must_use]
    pub fn item(&self, index: u32) -> Option<ItemView<'_>> {
        self.items.view(index)
    }

    /// How much the item was dealt with in all time, each person counted with bounds; 0 for an unknown index.
    #[must_use]
    pub fn popularity(&self, index: u32) -> f32 {
        self.popularity.at(index).unwrap_or(0.0)
    }

    /// The same, halved every 14 days.
    #[must_use]
    pub fn trending(&self, index: u32) -> f32 {
        self.trending.at(index).unwrap_or(0.0)
    }

    /// The trending items, best first, at most 200.
    #[must_use]
    pub fn popular(&self) -> &[u32] {
        &self.popular
    }

    /// What sold in these weeks of last year and hardly otherwise, most out of the ordinary first.
    #[must_use]
    pub fn seasonal(&self) -> &[u32] {
        &self.seasonal
    }

    /// Whether the item is made with care, as [`crate::catalog::Item::is_careful`] tells; no item is in artifacts that do not say.
    #[must_use]
    pub fn is_careful(&self, index: u32) -> bool {
        self.careful.binary_search(&index).is_ok()
    }

    /// Whether and how fast customers buy an item again.
    #[must_use]
    pub fn repeat(&self, index: u32) -> Repeat {
        Repeat { share: self.repeat_share.at(index).unwrap_or(0.0), median_days: self.repeat_days.at(index).unwrap_or(0.0) }
    }

    /// The items related to one, strongest first; none for an unknown index. Allocates nothing.
    pub fn neighbours(&self, table: Table, index: u32) -> impl ExactSizeIterator<Item = Related> + '_ {
        let [session, together, content] = &self.tables;
        let table = match table {
            Table::Session => session,
            Table::Together => together,
            Table::Content => content,
        };
        table.row(index)
    }

    /// What buying an item says of others: (item, weight); weights below 0 speak against. Every pair has 2 customers or more behind
    /// it. Allocates nothing.
    pub fn bought_after(&self, index: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        self.purchases.row(index)
    }

    /// The share of customers who buy an item whatever else they bought, as the regressions behind [`Self::bought_after`] have it: what is
    /// left of its buyers' share once the others' words, on average, are taken off. A little below 0 where those say more than that.
    #[must_use]
    pub fn bought_anyway(&self, index: u32) -> f32 {
        self.purchases.intercept(index)
    }

    /// How many recent visits are kept; their numbers are all below, greater is newer.
    #[must_use]
    pub fn recent_visits(&self) -> usize {
        self.recent.as_ref().map_or(0, Recent::len)
    }

    /// The distinct items of a recent visit, in order; none for an unknown visit.
    #[must_use]
    pub fn recent_visit(&self, visit: u32) -> Row<'_> {
        self.recent.as_ref().map_or_else(Row::none, |recent| recent.visit(visit))
    }

    /// The newest visits with an item, newest first; none for an unknown item.
    #[must_use]
    pub fn visits_with(&self, index: u32) -> Row<'_> {
        self.recent.as_ref().map_or_else(Row::none, |recent| recent.holding(index))
    }

    /// What an item's being popular takes from a neighbour's word for it, 0 to 1.
    #[must_use]
    pub fn rarity(&self, index: u32) -> f32 {
        self.recent.as_ref().map_or(0.0, |recent| recent.rarity(index))
    }

    /// What goes with an item: complements by lift, strongest first.
    pub fn together(&self, index: u32) -> impl ExactSizeIterator<Item = Related> + '_ {
        self.neighbours(Table::Together, index)
    }
}

impl Neighbours {
    fn parse(tensors: &Tensors, table: Table, count: usize) -> Result<Self, ModelError> {
        let name = |part: &str| format!("{}_{part}", table.name());
        if !tensors.has(&name("at")) {
            return Ok(Self { items: Lists::none(), weights: Tensor::none(), supporters: None });
        }
        let items = Lists::parse(tensors, table.name(), count, count)?;
        let weights = tensors.numbers::<f16>(&name("weights"), Some(items.entries()))?;
        tensor::check(&name("weights"), weights.iter().all(|weight| weight.is_finite()), "has a weight that is no number")?;
        let counted = name("supporters");
        let supporters = if tensors.has(&counted) { Some(tensors.numbers(&counted, Some(items.entries()))?) } else { None };
        Ok(Self { items, weights, supporters })
    }

    fn row(&self, index: u32) -> impl ExactSizeIterator<Item = Related> + '_ {
        let supporters = self.supporters.as_ref().map(|counts| counts.get(self.items.range(index)).unwrap_or_default());
        self.items.weighed(index, &self.weights).enumerate().map(move |(place, (item, weight))| Related {
            item,
            weight: magnitude(weight),
            is_shared: match supporters {
                Some(counts) => counts.get(place).is_some_and(|count| u32::from(*count) >= FEWEST_SUPPORTERS),
                None => weight.is_sign_positive(),
            },
        })
    }
}

/// The absolute value of a finite number, for both kinds of them, normal and subnormal: what is left of the sign is moved to where
/// `f32` has its exponent and mantissa, and one product mends the bias. `f16::to_f32` asks the processor for its features every time.
fn magnitude(number: f16) -> f32 {
    const BIAS: f32 = f32::from_bits(0x7780_0000); // 2^112
    f32::from_bits(u32::from(number.to_bits() & 0x7fff) << 13) * BIAS
}

/// A finite number.
fn widened(number: f16) -> f32 {
    magnitude(number).copysign(if number.is_sign_negative() { -1.0 } else { 1.0 })
}

#[cfg(test)]
mod tests;
