//! What the learning is set to. One set for all shops.

/// How personas are found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// With fewer people that have enough events there are no personas.
    pub fewest_people: usize,
    /// Personas are fitted to no more people than these, evenly drawn; cards count all.
    pub most_people: usize,
    /// A measure speaks where it can be told of at least this share of people.
    pub told_share: f64,
    /// The most personas.
    pub most_personas: usize,
    /// The smallest persona, in people, and as a share of them.
    pub smallest: (f64, f64),
    /// Added to every variance: no persona is a point.
    pub floor_variance: f64,
    /// Beginnings of k-means that are tried for each number of personas.
    pub starts: usize,
    /// The most rounds of k-means, and of clouds that only lost their outliers.
    pub first_rounds: usize,
    /// The most rounds of EM.
    pub most_rounds: usize,
    /// How often a fifth of the people is left out.
    pub left_out: usize,
    /// Personas are stable where the adjusted Rand index is at least this whoever is left out.
    pub stable: f64,
    /// How much likelier others must make a person on average, in nats, to take the place of the last run's.
    pub better: f64,
    /// How much likelier moving the last run's must make a person on average, in nats.
    pub moved: f64,
    /// An old persona's id goes to one no further away than this, in standard deviations.
    pub same: f64,
    /// A cloud whose middle lies this far out on an archetype's theme shows it.
    pub shown: f64,
    /// And this much further than on any other.
    pub clear: f64,
    /// Plain words are found for a theme from this far off the usual.
    pub worth_a_word: f64,
}

/// As the figures in `docs/personas.md` were made.
pub const DEFAULT: Params = Params {
    fewest_people: 40,
    most_people: 6_000,
    told_share: 0.2,
    most_personas: 9,
    smallest: (12.0, 0.03),
    floor_variance: 0.1,
    starts: 8,
    first_rounds: 12,
    most_rounds: 120,
    left_out: 4,
    stable: 0.92,
    better: 0.1,
    moved: 0.03,
    same: 2.5,
    shown: 1.2,
    clear: 0.5,
    worth_a_word: 0.5,
};
