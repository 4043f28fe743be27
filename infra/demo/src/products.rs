//! What the shop sells: every product of "Crumb & Kettle", a bakery-and-kitchen store that does not exist.
//!
//! The goods are data; [`crate::store`] says what becomes of them during the year. Consumables are in [`pantry`], things that stay
//! are in [`kitchen`], and [`KITS`] names what belongs together on a kitchen table.

mod kitchen;
mod pantry;

use crate::calendar::Season;

/// One product, as the shop's buyer would write it down.
pub(crate) struct Product {
    pub(crate) title: &'static str,
    pub(crate) category: Category,
    pub(crate) brand: Brand,
    pub(crate) theme: Theme,
    /// EUR cents, before any sale.
    pub(crate) list_price_minor: i64,
    /// Days until a household has used it up; 0 for what stays.
    pub(crate) refill_days: i64,
    pub(crate) tags: &'static [&'static str],
}

/// Everything, pantry first. The order is part of the generator: a new product goes to the end of its file.
pub(crate) fn all() -> impl Iterator<Item = &'static Product> {
    pantry::GOODS.iter().chain(kitchen::GOODS)
}

/// A name as addresses have it, and for a product its public id: lower case ASCII, words joined by `-`.
pub(crate) fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' => slug.push(letter),
            'é' | 'è' => slug.push('e'),
            'ü' => slug.push_str("ue"),
            'æ' => slug.push_str("ae"),
            '\'' => {}
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_end_matches('-').to_owned()
}

impl Product {
    /// Made with more care than it had to be: organic, fair, without plastic.
    pub(crate) fn is_sustainable(&self) -> bool {
        self.tags.iter().any(|tag| SUSTAINABLE_TAGS.contains(tag))
    }

    pub(crate) fn season(&self) -> Season {
        if self.tags.contains(&CHRISTMAS) {
            Season::Christmas
        } else if self.tags.contains(&SUMMER) {
            Season::Summer
        } else {
            Season::Always
        }
    }
}

/// Tags that a conscious customer looks for.
pub(crate) const SUSTAINABLE_TAGS: [&str; 4] = [ORGANIC, SUSTAINABLE, FAIR, PLASTIC_FREE];

const ORGANIC: &str = "organic";
const SUSTAINABLE: &str = "sustainable";
const FAIR: &str = "fair-trade";
const PLASTIC_FREE: &str = "plastic-free";
const CHRISTMAS: &str = "christmas";
const SUMMER: &str = "summer";
const GIFT: &str = "gift";
const VEGAN: &str = "vegan";
const KIDS: &str = "kids";

const fn product(
    title: &'static str,
    (category, brand, theme): (Category, Brand, Theme),
    list_price_minor: i64,
    refill_days: i64,
    tags: &'static [&'static str],
) -> Product {
    Product { title, category, brand, theme, list_price_minor, refill_days, tags }
}

/// An enum whose members have a printed name.
macro_rules! named {
    ($(#[$doc:meta])* $kind:ident { $($member:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $kind { $($member,)* }

        impl $kind {
            pub(crate) fn name(self) -> &'static str {
                match self { $($kind::$member => $name,)* }
            }
        }
    };
}

named! {
    /// A shelf of the shop.
    Category {
        Flour = "Flour & Grains",
        Leavening = "Yeast & Leavening",
        Sweet = "Sugar & Chocolate",
        Larder = "Larder",
        Coffee = "Coffee",
        Tea = "Tea",
        Bread = "Bread Baking",
        Cakes = "Cake & Pastry",
        Pizza = "Pizza & Pasta",
        Preserving = "Preserving",
        Cookware = "Cookware",
        Tools = "Kitchen Tools",
        Table = "Table & Linen",
    }
}

named! {
    /// A maker. Each has goods on several shelves, so that loyalty to one is a way to furnish a kitchen.
    Brand {
        Muehlgut = "Mühlgut",
        Kornhaus = "Kornhaus",
        Hearth = "Hearth & Rye",
        Nordlys = "Nordlys",
        Copperline = "Copperline",
        PetitFour = "Petit Four",
        Brewster = "Brewster & Finch",
        Tavola = "Tavola",
        PantryCo = "Pantry & Co",
        Leafline = "Leafline",
        Ironwood = "Ironwood",
        Sugarbird = "Sugarbird",
        Orchard = "Orchard Lane",
    }
}

named! {
    /// What people come for. Interests are drawn over themes, and baskets hang together by them.
    Theme {
        Sourdough = "sourdough",
        Cake = "cake",
        Cookies = "cookies",
        Pizza = "pizza",
        Pasta = "pasta",
        Coffee = "coffee",
        Tea = "tea",
        Preserving = "preserving",
        Cooking = "cooking",
        Table = "table",
    }
}

impl Theme {
    /// In the order of their discriminants.
    pub(crate) const ALL: [Self; 10] = [
        Self::Sourdough,
        Self::Cake,
        Self::Cookies,
        Self::Pizza,
        Self::Pasta,
        Self::Coffee,
        Self::Tea,
        Self::Preserving,
        Self::Cooking,
        Self::Table,
    ];
}

/// Slugs of what is bought together: the shop's affinities beyond a shared theme.
#[rustfmt::skip]
pub(crate) const KITS: &[&[&str]] = &[
    &["banneton-1-kg-round", "bread-lame-walnut-handle", "strong-white-bread-flour-2-5-kg", "rye-sourdough-starter"],
    &["banneton-750-g-oval", "danish-whisk", "wholegrain-rye-flour-1-kg", "dough-scraper-stainless"],
    &["dutch-oven-24-cm", "bread-lame-walnut-handle", "baking-parchment-unbleached-50-sheets"],
    &["loaf-tin-900-g", "wholewheat-flour-1-kg", "dried-yeast-10-sachets"],
    &["springform-26-cm", "cake-flour-1-kg", "baking-powder-250-g", "cooling-rack-two-tier"],
    &["bundt-tin-heritage", "caster-sugar-1-kg", "vanilla-extract-100-ml"],
    &["macaron-mat", "almond-flour-500-g", "piping-bags-100-pieces", "food-colours-natural-set-of-6"],
    &["piping-nozzles-set-of-26", "piping-bags-100-pieces", "icing-sugar-500-g"],
    &["cake-turntable", "offset-palette-knife", "fondant-white-1-kg"],
    &["cookie-cutters-christmas-set-of-12", "gingerbread-spice-60-g", "rolling-pin-embossed-snowflake"],
    &["cookie-scoop-4-cm", "dark-chocolate-chips-500-g", "demerara-sugar-500-g"],
    &["pizza-stone-38-cm", "pizza-peel-beech", "tipo-00-flour-1-kg", "san-marzano-tomatoes-6-tins"],
    &["pizza-steel-8-mm", "pizza-peel-aluminium", "semolina-rimacinata-1-kg"],
    &["pasta-machine-classic-150", "pasta-drying-rack", "semola-di-grano-duro-1-kg"],
    &["ravioli-stamp-square", "gnocchi-board-beech", "semola-di-grano-duro-1-kg"],
    &["pour-over-dripper-stoneware", "coffee-filters-no-2-100-pieces", "gooseneck-kettle-0-9-l", "house-blend-coffee-beans-1-kg"],
    &["burr-grinder-manual", "ethiopia-yirgacheffe-beans-500-g", "coffee-scale-with-timer"],
    &["moka-pot-6-cups", "espresso-roast-beans-1-kg", "milk-frother"],
    &["teapot-cast-iron-0-8-l", "sencha-green-tea-100-g", "tea-strainer-fine-mesh"],
    &["preserving-jars-500-ml-6-pieces", "jam-sugar-1-kg", "jam-funnel-stainless", "jar-labels-60-pieces"],
    &["fermenting-crock-5-l", "pickling-salt-1-kg", "fermenting-weights-glass"],
    &["cast-iron-skillet-26-cm", "chain-mail-scrubber", "seasoning-balm-cast-iron"],
    &["chefs-knife-20-cm", "whetstone-1000-6000", "end-grain-board-oak"],
    &["beeswax-wraps-set-of-3", "bread-bag-linen", "dish-brush-with-spare-heads"],
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_as_addresses() {
        for (name, address) in [
            ("Banneton 1 kg, round", "banneton-1-kg-round"),
            ("Chef's knife 20 cm", "chefs-knife-20-cm"),
            ("Mühlgut", "muehlgut"),
            ("Canelé moulds, copper", "canele-moulds-copper"),
            ("Æbleskiver pan", "aebleskiver-pan"),
            ("Couverture dark 70 % 1 kg", "couverture-dark-70-1-kg"),
            ("Yeast & Leavening", "yeast-leavening"),
            ("no. 2 ", "no-2"),
            ("", ""),
        ] {
            assert_eq!(slug(name), address);
        }
    }

    #[test]
    fn every_product_has_an_address_of_its_own() {
        let slugs: BTreeSet<String> = all().map(|product| slug(product.title)).collect();
        assert_eq!(slugs.len(), all().count());
        assert!(slugs.iter().all(|slug| slug.is_ascii() && !slug.contains("--")));
    }

    #[test]
    fn every_kit_is_on_the_shelves() {
        let slugs: BTreeSet<String> = all().map(|product| slug(product.title)).collect();
        for member in KITS.iter().flat_map(|kit| kit.iter()) {
            assert!(slugs.contains(*member), "{member}");
        }
    }

    #[test]
    fn themes_are_listed_in_order() {
        assert!(Theme::ALL.iter().enumerate().all(|(place, theme)| *theme as usize == place));
    }

    /// A brand loyalist needs enough to be loyal to, and a conscious consumer more than one brand.
    #[test]
    fn every_brand_is_worth_being_loyal_to() {
        let mut brands: Vec<(Brand, usize)> = Vec::new();
        let mut caring: Vec<Brand> = Vec::new();
        for product in all() {
            match brands.iter_mut().find(|(brand, _)| *brand == product.brand) {
                Some((_, many)) => *many += 1,
                None => brands.push((product.brand, 1)),
            }
            if product.is_sustainable() && !caring.contains(&product.brand) {
                caring.push(product.brand);
            }
        }
        assert!(brands.iter().all(|(_, many)| *many >= 12), "{brands:?}");
        assert!(caring.len() >= 6, "{caring:?}");
    }
}
