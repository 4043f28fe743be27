//! The shop through the year: when each product came, how popular it is, what it costs on a day, and what the catalog says.

use serde::{Deserialize, Serialize};

use crate::calendar::{DAYS, Season, Year};
use crate::dice::Dice;
use crate::messages::Euros;
use crate::products::{self, KITS, Product};

/// The shop's address; nothing answers there.
pub(crate) const SITE: &str = "https://crumbandkettle.example";

/// A product as `PUT /v1/catalog/items` takes it, as of the end of the year.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogItem {
    /// The id that events carry as `product_id`.
    pub id: String,
    /// What the shopper reads.
    pub title: String,
    /// The shelf.
    pub category: String,
    /// The maker.
    pub brand: String,
    /// What it costs today, in EUR cents.
    pub price_minor: i64,
    /// What it costs outside a sale, in EUR cents; never below `price_minor`.
    pub list_price_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// Address of its picture.
    pub image: String,
    /// Address of its page.
    pub url: String,
    /// Whether it can be bought today.
    pub in_stock: bool,
    /// `organic`, `fair-trade`, `christmas`, `gift` …
    pub tags: Vec<String>,
    /// The day it went on sale, `YYYY-MM-DD`.
    pub published: jiff::civil::Date,
    /// Whatever else rules and filters may look at.
    pub attributes: Attributes,
}

/// The shop's own attributes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// What it is for: `sourdough`, `coffee` …
    pub theme: String,
    /// Gross margin at list price, 18 to 62 percent.
    pub margin_percent: i64,
}

/// A product's place in [`Store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sku(usize);

pub(crate) struct Store {
    goods: Vec<Good>,
    kits: Vec<Vec<Sku>>,
}

/// A product with its fate in this year.
pub(crate) struct Good {
    pub(crate) product: &'static Product,
    pub(crate) slug: String,
    popularity: f64,
    /// Negative for what was there before the year began.
    launch_day: i64,
    sales: Vec<Sale>,
    margin_percent: i64,
    in_stock: bool,
}

struct Sale {
    from_day: i64,
    to_day: i64,
    percent: i64,
}

/// How long after its launch a product counts as new.
const NEW_DAYS: i64 = 60;

impl Store {
    pub(crate) fn open(year: &Year, dice: &mut Dice) -> Self {
        let weeks = shop_wide_sales(year);
        let goods: Vec<Good> = products::all().map(|product| Good::draw(product, &weeks, dice)).collect();
        let find = |slug: &&str| goods.iter().position(|good| good.slug == *slug).map(Sku);
        let kits = KITS.iter().map(|kit| kit.iter().filter_map(find).collect()).collect();
        Self { goods, kits }
    }

    pub(crate) fn good(&self, sku: Sku) -> &Good {
        &self.goods[sku.0]
    }

    pub(crate) fn skus(&self) -> impl Iterator<Item = Sku> + use<> {
        (0..self.goods.len()).map(Sku)
    }

    /// A product that is for sale that day, in proportion to popularity, season and the caller's `taste`; `None` where taste
    /// leaves nothing.
    pub(crate) fn pick(&self, year: &Year, day: i64, dice: &mut Dice, taste: impl Fn(&Good) -> f64) -> Option<Sku> {
        let appetite = Season::ALL.map(|season| year.appetite(season, day));
        let weights: Vec<f64> = self
            .goods
            .iter()
            .map(|good| match good.is_launched(day) {
                true => good.popularity * appetite[good.product.season() as usize] * taste(good),
                false => 0.0,
            })
            .collect();
        dice.weighted(&weights).map(Sku)
    }

    /// Something that belongs on the table with `sku`; `None` for what goes with nothing in particular.
    pub(crate) fn companion(&self, sku: Sku, day: i64, dice: &mut Dice) -> Option<Sku> {
        let kits: Vec<&Vec<Sku>> = self.kits.iter().filter(|kit| kit.contains(&sku)).collect();
        let kit = kits.get(dice.below(kits.len()))?;
        let others: Vec<Sku> = kit.iter().copied().filter(|other| *other != sku && self.good(*other).is_launched(day)).collect();
        others.get(dice.below(others.len())).copied()
    }

    pub(crate) fn catalog(&self, year: &Year) -> Vec<CatalogItem> {
        self.goods.iter().map(|good| good.item(year)).collect()
    }
}

impl Good {
    fn draw(product: &'static Product, weeks: &[(i64, i64, i64)], dice: &mut Dice) -> Self {
        // Dear things are wanted as much, and bought less.
        let cheapness = 1.0 / (1.0 + product.list_price_minor as f64 / 3_000.0);
        let popularity = cheapness / (0.2 + dice.unit());
        let launch_day = if dice.chance(0.15) { dice.whole(10, DAYS - 30) } else { -dice.whole(30, 900) };
        Self {
            product,
            slug: products::slug(product.title),
            popularity,
            launch_day,
            sales: sales(weeks, dice),
            margin_percent: dice.whole(18, 62),
            in_stock: !dice.chance(0.04),
        }
    }

    pub(crate) fn is_launched(&self, day: i64) -> bool {
        self.launch_day <= day
    }

    pub(crate) fn is_new(&self, day: i64) -> bool {
        (0..NEW_DAYS).contains(&(day - self.launch_day))
    }

    pub(crate) fn is_on_sale(&self, day: i64) -> bool {
        self.percent_off(day) > 0
    }

    /// What one costs on a day. Sale prices are rounded down to ten cents.
    pub(crate) fn price(&self, day: i64) -> Euros {
        let list = self.product.list_price_minor;
        match self.percent_off(day) {
            0 => Euros::cents(list),
            percent => Euros::cents((list * (100 - percent) / 1_000 * 10).max(10)),
        }
    }

    pub(crate) fn list_price(&self) -> Euros {
        Euros::cents(self.product.list_price_minor)
    }

    pub(crate) fn url(&self) -> String {
        format!("{SITE}/products/{}", self.slug)
    }

    /// The deepest of the sales that are on.
    fn percent_off(&self, day: i64) -> i64 {
        let running = self.sales.iter().filter(|sale| (sale.from_day..sale.to_day).contains(&day));
        running.map(|sale| sale.percent).max().unwrap_or(0)
    }

    fn item(&self, year: &Year) -> CatalogItem {
        CatalogItem {
            id: self.slug.clone(),
            title: self.product.title.to_owned(),
            category: self.product.category.name().to_owned(),
            brand: self.product.brand.name().to_owned(),
            price_minor: self.price(DAYS - 1).minor(),
            list_price_minor: self.product.list_price_minor,
            currency: "EUR".to_owned(),
            image: format!("{SITE}/images/{}.jpg", self.slug),
            url: self.url(),
            in_stock: self.in_stock,
            tags: self.product.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            published: year.date(self.launch_day),
            attributes: Attributes { theme: self.product.theme.name().to_owned(), margin_percent: self.margin_percent },
        }
    }
}

/// Sales that touch a good part of the shop: (first day, day after the last, percent).
fn shop_wide_sales(year: &Year) -> Vec<(i64, i64, i64)> {
    [((1, 2, 14), 30), ((7, 5, 18), 25), ((11, 22, 29), 30)]
        .into_iter()
        .filter_map(|((month, from, to), percent)| {
            let days: Vec<i64> = year.days_of(month, from, to).collect();
            Some((*days.first()?, days.last()? + 1, percent))
        })
        // The year may begin in the middle of one, whose days are then at both ends.
        .filter(|(from, to, _)| to - from < 60)
        .collect()
}

/// A product's own one to three windows of one to two weeks, and its part in the shop-wide ones.
fn sales(weeks: &[(i64, i64, i64)], dice: &mut Dice) -> Vec<Sale> {
    let mut sales = Vec::new();
    for _ in 0..dice.whole(1, 3) {
        let from_day = dice.whole(-7, DAYS);
        let to_day = from_day + dice.whole(7, 14);
        sales.push(Sale { from_day, to_day, percent: dice.of(&[15, 20, 25, 30, 40]) });
    }
    for &(from_day, to_day, percent) in weeks {
        if dice.chance(0.5) {
            sales.push(Sale { from_day, to_day, percent });
        }
    }
    sales
}
