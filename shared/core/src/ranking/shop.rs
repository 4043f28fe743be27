//! Everything about the shop that a lookup needs, in one place and in one numbering.

use super::shelves::Shelves;
use crate::{
    catalog::{Item, Listing},
    id::ItemId,
    model::{Extras, HARDLY_KNOWN, ItemView, Model, Placements},
    rules::{Rule, Rules},
    time::{DAY_MS, Timestamp},
};
use fixedbitset::FixedBitSet;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::{borrow::Cow, cmp::Reverse, collections::HashMap, hash::BuildHasher, sync::OnceLock};

/// How long an item counts as new, in days.
const NEW_DAYS: i64 = 30;

/// Always the same: who sends items cannot choose ids by it, and the same shop is the same everywhere.
const HASHER: FixedState = FixedState::with_seed(0);

/// The model, the catalog as it is now, and the rules. Built off the request's path whenever one of the three changes.
///
/// Items of the model come first, in the model's order, so that its indices are ours; what came to the catalog since stands behind.
/// The model's items are read where they lie: a function that just woke up has somebody waiting, and copies nothing.
#[derive(Debug)]
pub struct Shop {
    model: Option<Model>,
    /// How many items the model has.
    trained: u32,
    /// What the catalog says of the model's items since, by place.
    changed: HashMap<u32, Item, FixedState>,
    /// What came to the catalog since.
    added: Vec<Item>,
    /// Places, found by the hash of the id.
    places: HashTable<u32>,
    /// The rank of each id among all. Empty while there is nothing but the model's items, which lie in the order of their ids.
    ranks: Vec<u32>,
    in_stock: FixedBitSet,
    shelves: Shelves,
    /// Everything in stock, best sold first.
    favourites: Vec<u32>,
    /// The place among all favourites, as a score below anything that a signal speaks for.
    favour: Vec<f32>,
    /// In stock, and hardly anybody has dealt with it yet.
    newcomers: FixedBitSet,
    /// How much its trend lifts an item in what goes with a history.
    lift: Vec<f32>,
    rules: Rules,
    /// The items that each rule means.
    meant: Vec<FixedBitSet>,
    /// Of the model's items; read when a filter first asks.
    extras: OnceLock<Vec<Extras>>,
}

/// An item of a [`Shop`].
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a>(Lies<'a>);

#[derive(Clone, Copy, Debug)]
enum Lies<'a> {
    InModel(ItemView<'a>, &'a Shop),
    InCatalog(&'a Item),
}

impl Shop {
    /// Lays `changes` (newest last) over the model's catalog.
    #[must_use]
    pub fn new(model: Option<Model>, changes: impl IntoIterator<Item = Item>, rules: Rules) -> Self {
        let trained = model.as_ref().map_or(0, Model::len) as u32;
        let mut shop = Self {
            model,
            trained,
            changed: HashMap::default(),
            added: Vec::new(),
            places: HashTable::with_capacity(trained as usize),
            ranks: Vec::new(),
            in_stock: FixedBitSet::new(),
            shelves: Shelves::default(),
            favourites: Vec::new(),
            favour: Vec::new(),
            newcomers: FixedBitSet::new(),
            lift: Vec::new(),
            rules,
            meant: Vec::new(),
            extras: OnceLock::new(),
        };
        shop.index();
        for item in changes {
            shop.lay(item);
        }
        shop.rank_ids();
        shop.in_stock = shop.which(|item| item.in_stock());
        shop.sort_favourites();
        shop.weigh_trends();
        shop.meant = shop.rules.rules.iter().map(|rule| shop.meant_by(rule)).collect();
        shop
    }

    fn index(&mut self) {
        let Some(model) = &self.model else { return };
        let id = |place: u32| model.item(place).map_or("", |item| item.id());
        for place in 0..self.trained {
            self.places.insert_unique(HASHER.hash_one(id(place)), place, |other| HASHER.hash_one(id(*other)));
        }
    }

    fn lay(&mut self, item: Item) {
        match self.place_of(&item.id) {
            // A file's row about a SKU; of the product the shop's own word is there.
            None if self.with_sku(&item.id).is_some() => {}
            Some(place) if place < self.trained => drop(self.changed.insert(place, item)),
            Some(place) => self.added[(place - self.trained) as usize] = item,
            None => {
                let (place, hash) = (self.trained + self.added.len() as u32, HASHER.hash_one(item.id.as_str()));
                self.added.push(item);
                let Self { places, model, added, trained, .. } = self;
                let id = |place: u32| id_in(model.as_ref(), *trained, added, place);
                places.insert_unique(hash, place, |other| HASHER.hash_one(id(*other)));
            }
        }
    }

    fn rank_ids(&mut self) {
        if self.added.is_empty() {
            return;
        }
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        order.sort_by(|a, b| self.id(*a).cmp(self.id(*b)));
        self.ranks = vec![0; order.len()];
        for (rank, place) in (0..).zip(order) {
            self.ranks[place as usize] = rank;
        }
    }

    fn which(&self, is_so: impl Fn(&Listed<'_>) -> bool) -> FixedBitSet {
        let mut set = FixedBitSet::with_capacity(self.len());
        set.extend((0..self.len() as u32).filter(|place| self.item(*place).is_some_and(|item| is_so(&item))).map(|place| place as usize));
        set
    }

    fn meant_by(&self, rule: &Rule) -> FixedBitSet {
        let mut set = match &rule.filter {
            Some(filter) => self.which(|item| filter.matches(item)),
            None => FixedBitSet::with_capacity(self.len()),
        };
        set.extend(rule.items.iter().filter_map(|id| self.index_of(id)).map(|place| place as usize));
        set
    }

    /// Trending, then popular, then new, then by id: a total order, also for a shop that has sold nothing yet.
    fn sort_favourites(&mut self) {
        struct Standing(f32, f32, Option<Timestamp>, u32);
        let standing = |place: u32| {
            let told = self.model.as_ref().map_or((0.0, 0.0), |model| (model.trending(place), model.popularity(place)));
            Standing(told.0, told.1, self.item(place).and_then(|item| item.published()), place)
        };
        let mut order: Vec<Standing> = (0..self.len() as u32).map(standing).collect();
        order.sort_unstable_by(|a, b| {
            let by_sales = b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1));
            by_sales.then(b.2.cmp(&a.2)).then_with(|| self.rank_of_id(a.3).cmp(&self.rank_of_id(b.3)))
        });
        let mut favour = vec![0.0; order.len()];
        let count = order.len() as f32;
        for (rank, Standing(.., place)) in order.iter().enumerate() {
            favour[*place as usize] = 0.05 * (1.0 - rank as f32 / count);
        }
        let favourites: Vec<u32> = order.into_iter().map(|standing| standing.3).filter(|place| self.is_in_stock(*place)).collect();
        let mut shelves = Shelves::with_capacity(self.len());
        for place in 0..self.len() as u32 {
            shelves.put(self.item(place).as_ref().and_then(|item| item.category()));
        }
        let newest = self.newest();
        shelves.fill(&favourites, &newest);
        self.newcomers = FixedBitSet::with_capacity(self.len());
        self.newcomers.extend(newest.into_iter().map(|place| place as usize));
        (self.favourites, self.favour, self.shelves) = (favourites, favour, shelves);
    }

    /// What is in stock and has hardly been dealt with, newest first: items that came after the training, items of the last weeks, and
    /// items of unknown age that nobody ever dealt with. Nothing is new to a shop that has not been trained.
    fn newest(&self) -> Vec<u32> {
        let Some(model) = &self.model else { return Vec::new() };
        let since = model.meta().created.plus_ms(-NEW_DAYS * DAY_MS);
        let is_new = |place: u32| {
            let known = model.popularity(place);
            // Most items are known well, and a start need not read more of them.
            known < HARDLY_KNOWN
                && self.is_in_stock(place)
                && self.item(place).and_then(|item| item.published()).map_or(known <= 0.0, |published| published >= since)
        };
        let mut newest: Vec<u32> = (0..self.len() as u32).filter(|place| is_new(*place)).collect();
        newest.sort_by_cached_key(|place| (Reverse(self.item(*place).and_then(|item| item.published())), self.rank_of_id(*place)));
        newest
    }

    fn weigh_trends(&mut self) {
        let Some(model) = &self.model else { return };
        let exponent = model.meta().next_purchase.trend;
        self.lift = (0..self.trained).map(|place| (1.0 + model.trending(place).max(0.0)).powf(exponent)).collect();
    }

    /// The same shop with its sources weighed otherwise: how training tries what suits it.
    #[must_use]
    pub fn placing(mut self, placements: Placements) -> Self {
        self.model = self.model.map(|model| model.placing(placements));
        self
    }

    /// What training learned; `None` before the first training.
    #[must_use]
    pub const fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// The merchandising rules.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How many items there are; their places are all below.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.trained as usize + self.added.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at a place, as the catalog has it now; `None` beyond the last.
    #[must_use]
    pub fn item(&self, place: u32) -> Option<Listed<'_>> {
        if let Some(place) = place.checked_sub(self.trained) {
            return self.added.get(place as usize).map(|item| Listed(Lies::InCatalog(item)));
        }
        // Most shops' catalogs have not changed since.
        if let Some(item) = (!self.changed.is_empty()).then(|| self.changed.get(&place)).flatten() {
            return Some(Listed(Lies::InCatalog(item)));
        }
        self.model.as_ref()?.item(place).map(|view| Listed(Lies::InModel(view, self)))
    }

    /// Whether the item at a place can be bought; what is unknown cannot.
    #[must_use]
    pub fn is_in_stock(&self, place: u32) -> bool {
        self.in_stock.contains(place as usize)
    }

    /// Whether hardly anybody has dealt with the item yet.
    pub(super) fn is_newcomer(&self, place: u32) -> bool {
        self.newcomers.contains(place as usize)
    }

    /// Whether there is any such item.
    pub(super) fn has_newcomers(&self) -> bool {
        !self.newcomers.is_clear()
    }

    /// The places of what can be bought.
    pub(super) const fn in_stock(&self) -> &FixedBitSet {
        &self.in_stock
    }

    /// The items that the rule at `place` of the document means.
    pub(super) fn meant(&self, rule: u32) -> &FixedBitSet {
        &self.meant[rule as usize]
    }

    /// The place of an item, by its id or its SKU.
    #[must_use]
    pub fn index_of(&self, id: &ItemId) -> Option<u32> {
        self.place_of(id).or_else(|| self.with_sku(id))
    }

    fn place_of(&self, id: &ItemId) -> Option<u32> {
        let id = id.as_str();
        self.places.find(HASHER.hash_one(id), |place| self.is_named(*place, id)).copied()
    }

    fn with_sku(&self, sku: &ItemId) -> Option<u32> {
        self.model.as_ref()?.with_sku(sku)
    }

    /// [`Shop::index_of`] of many. Where an id may stand is looked up for all of them before any is compared: the processor then waits
    /// for memory once for many, not for one after the other.
    pub(super) fn indices_of<'a>(&self, ids: impl Iterator<Item = &'a ItemId>) -> impl Iterator<Item = Option<u32>> {
        let likely = |id: &'a ItemId| (id, self.places.iter_hash(HASHER.hash_one(id.as_str())).next().copied());
        let likely: Vec<(&ItemId, Option<u32>)> = ids.map(likely).collect();
        likely.into_iter().map(|(id, place)| match place {
            Some(place) if self.is_named(place, id.as_str()) => Some(place),
            _ => self.index_of(id),
        })
    }

    fn is_named(&self, place: u32, id: &str) -> bool {
        match (place.checked_sub(self.trained), &self.model) {
            (Some(place), _) => self.added.get(place as usize).is_some_and(|item| item.id.as_str() == id),
            (None, Some(model)) => model.is_named(place, id),
            (None, None) => false,
        }
    }

    /// Where an item's id stands among all ids, from 0: what settles ties.
    pub(super) fn rank_of_id(&self, place: u32) -> u32 {
        self.ranks.get(place as usize).copied().unwrap_or(place)
    }

    fn id(&self, place: u32) -> &str {
        id_in(self.model.as_ref(), self.trained, &self.added, place)
    }

    /// Where the shop keeps which item.
    pub(super) const fn shelves(&self) -> &Shelves {
        &self.shelves
    }

    /// Everything in stock, best sold first.
    #[must_use]
    pub fn favourites(&self) -> &[u32] {
        &self.favourites
    }

    /// Everything in stock in a category and below, best sold first; nothing for an unknown one.
    #[must_use]
    pub fn favourites_in(&self, category: &str) -> &[u32] {
        self.shelves.favourites(category)
    }

    /// How well the item sells, 0 to 0.05: what it scores when nothing else speaks for it.
    pub(super) fn favour(&self, place: u32) -> f32 {
        self.favour.get(place as usize).copied().unwrap_or(0.0)
    }

    /// `(1 + trend)^exponent` of an item, the exponent being the one for what goes with a history.
    pub(super) fn lift(&self, place: u32) -> f32 {
        self.lift.get(place as usize).copied().unwrap_or(1.0)
    }

    fn extras(&self, place: u32) -> Option<&Extras> {
        let read = || (0..self.trained).filter_map(|place| self.model.as_ref()?.item(place)).map(|item| item.extras()).collect();
        self.extras.get_or_init(read).get(place as usize)
    }
}

/// The id at a place: the model's below `trained`, an added item's from there on; empty beyond the last.
fn id_in<'a>(model: Option<&'a Model>, trained: u32, added: &'a [Item], place: u32) -> &'a str {
    match place.checked_sub(trained) {
        Some(place) => added.get(place as usize).map_or("", |item| item.id.as_str()),
        None => model.and_then(|model| model.item(place)).map_or("", |item| item.id()),
    }
}

/// Delegates to whichever of the two the item is.
macro_rules! told {
    ($($field:ident: $type:ty),*) => {
        $(fn $field(&self) -> $type {
            match &self.0 {
                Lies::InModel(view, _) => view.$field(),
                Lies::InCatalog(item) => Listing::$field(*item),
            }
        })*
    };
}

impl Listing for Listed<'_> {
    told!(
        id: &str, title: Option<&str>, category: Option<&str>, brand: Option<&str>, price_minor: Option<i64>,
        list_price_minor: Option<i64>, currency: Option<&str>, image: Option<Cow<'_, str>>, url: Option<Cow<'_, str>>, in_stock: bool,
        published: Option<Timestamp>
    );

    fn tags(&self) -> &[String] {
        match self.0 {
            Lies::InModel(view, shop) => shop.extras(view.index()).map(|extras| extras.tags.as_slice()).unwrap_or_default(),
            Lies::InCatalog(item) => &item.tags,
        }
    }

    fn attribute(&self, name: &str) -> Option<&serde_json::Value> {
        match self.0 {
            Lies::InModel(view, shop) => shop.extras(view.index())?.attributes.get(name),
            Lies::InCatalog(item) => item.attributes.get(name),
        }
    }
}
