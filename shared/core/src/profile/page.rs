//! What a page is about, told from its path or name.

/// A kind of page. The order is that of [`super::Tally::pages`], which is stored: a new kind goes to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// Anything else: the front, a shelf, an account.
    Plain,
    /// What is reduced.
    Sale,
    /// What other customers say of a product.
    Reviews,
    /// Delivery, returns, sizes, questions and answers.
    Help,
    /// How to choose, compare and use.
    Guide,
    /// Who makes it and how: about us, sustainability, ethics.
    Values,
    /// One maker's products.
    Brand,
}

/// Words of a path or a name, and the kind that a page with one of them is of; the first that fits wins, so what is narrower stands first.
/// In English, German and French; a word is compared whole, without case.
const WORDS: [(PageKind, &[&str]); 6] = [
    (PageKind::Reviews, &["review", "reviews", "ratings", "testimonials", "bewertungen", "avis"]),
    (
        PageKind::Values,
        &[
            "about",
            "sustainability",
            "sustainable",
            "ethics",
            "ethical",
            "values",
            "mission",
            "impact",
            "makers",
            "origin",
            "transparency",
            "footprint",
            "fairtrade",
            "organic",
            "nachhaltigkeit",
            "werte",
            "durabilite",
            "engagements",
        ],
    ),
    (
        PageKind::Guide,
        &[
            "guide",
            "guides",
            "compare",
            "comparison",
            "blog",
            "articles",
            "journal",
            "advice",
            "tutorials",
            "ratgeber",
            "vergleich",
            "conseils",
        ],
    ),
    (
        PageKind::Help,
        &[
            "help",
            "faq",
            "faqs",
            "support",
            "returns",
            "refunds",
            "delivery",
            "shipping",
            "warranty",
            "size",
            "sizes",
            "sizing",
            "contact",
            "hilfe",
            "versand",
            "retouren",
            "aide",
            "livraison",
            "retours",
        ],
    ),
    (
        PageKind::Sale,
        &[
            "sale",
            "sales",
            "deals",
            "deal",
            "offers",
            "offer",
            "outlet",
            "clearance",
            "discount",
            "discounts",
            "angebote",
            "soldes",
            "promotions",
        ],
    ),
    (PageKind::Brand, &["brand", "brands", "vendor", "vendors", "designers", "marken", "marques"]),
];

impl PageKind {
    /// How many there are.
    pub const COUNT: usize = 7;

    /// The kind of the page called `name`: a path without its query, or what the shop calls the page.
    ///
    /// ```
    /// use rapport_core::profile::PageKind;
    /// assert_eq!(PageKind::of("/products/rye-flour/reviews"), PageKind::Reviews);
    /// assert_eq!(PageKind::of("About us"), PageKind::Values);
    /// assert_eq!(PageKind::of("/collections/wholesale"), PageKind::Plain);
    /// ```
    #[must_use]
    pub fn of(name: &str) -> Self {
        let place = |part: &str| WORDS.iter().position(|(_, words)| words.iter().any(|word| part.eq_ignore_ascii_case(word)));
        let first = name.split(|letter: char| !letter.is_alphanumeric()).filter_map(place).min();
        first.map_or(Self::Plain, |place| WORDS[place].0)
    }

    /// Its place in [`super::Tally::pages`].
    #[must_use]
    pub const fn place(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_known_by_their_words() {
        for (name, kind) in [
            ("/", PageKind::Plain),
            ("", PageKind::Plain),
            ("/sale", PageKind::Sale),
            ("/collections/Winter-SALE", PageKind::Sale),
            ("/collections/wholesale", PageKind::Plain),
            ("/about/sustainability", PageKind::Values),
            ("/pages/about-us", PageKind::Values),
            ("/guides/which-flour-for-which-bread", PageKind::Guide),
            ("/help/delivery-and-returns", PageKind::Help),
            ("/pages/faq", PageKind::Help),
            ("/products/rye/reviews", PageKind::Reviews),
            ("/brands/kornhaus", PageKind::Brand),
            ("/brands/kornhaus/sale", PageKind::Sale),
            ("Sale", PageKind::Sale),
        ] {
            assert_eq!(PageKind::of(name), kind, "{name}");
        }
    }
}
