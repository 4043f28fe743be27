//! Who moves through the shop as no person does, whatever they call themselves: faster than anybody reads, as steadily as a clock, or past
//! more of the shop in a day than anybody can see.
//!
//! What is told follows from the set of events alone, so that it comes out the same whichever was read first. Whoever ordered something
//! that the shop vouches for is a person, even one in a hurry. The bounds lie far from people: of the 11,719 visitors in the public
//! sample of Retailrocket's shop the busiest saw 26 items in a day, and the most hurried took three steps within a second of each other.

use rapport_core::time::{DAY_MS, Timestamp};

/// A step sooner than this after the one before leaves no time to look, in milliseconds.
const DWELL_MS: i64 = 1_000;
/// So many steps in a row without a look are no person's.
const HASTY_STEPS: usize = 60;
/// Pauses held against each other.
const PAUSES: usize = 100;
/// So many of them about as long as the middle one are a clock's, …
const ALIKE: usize = 95;
/// … within a twentieth of it, or so many milliseconds where that is more.
const JITTER_MS: i64 = 50;
/// Different items in a day (UTC) that nobody can look at: one every half minute for eight hours.
const ITEMS_A_DAY: usize = 1_000;

/// Whether these looks, of one person and oldest first, are a machine's. A look is a time and an item.
pub(crate) fn is_robot(looks: &[(Timestamp, u32)]) -> bool {
    looks.len() > HASTY_STEPS && (is_everywhere(looks) || has_no_dwell(&pauses(looks)))
}

/// Milliseconds from step to step. What a page tells at one moment, such as all that is in a cart, is one step.
fn pauses(looks: &[(Timestamp, u32)]) -> Vec<i64> {
    let all = looks.windows(2).map(|pair| pair[1].0.since_ms(pair[0].0));
    all.filter(|pause| *pause > 0).collect()
}

fn has_no_dwell(pauses: &[i64]) -> bool {
    let is_hasty = pauses.chunk_by(|a, b| (*a < DWELL_MS) == (*b < DWELL_MS)).any(|run| run[0] < DWELL_MS && run.len() >= HASTY_STEPS);
    is_hasty || pauses.windows(PAUSES).step_by(PAUSES / 5).any(is_clockwork)
}

fn is_clockwork(pauses: &[i64]) -> bool {
    let mut sorted = pauses.to_vec();
    sorted.sort_unstable();
    let middle = sorted[sorted.len() / 2];
    let jitter = (middle / 20).max(JITTER_MS);
    sorted.iter().filter(|pause| (**pause - middle).abs() <= jitter).count() >= ALIKE
}

fn is_everywhere(looks: &[(Timestamp, u32)]) -> bool {
    let day = |at: Timestamp| at.0.div_euclid(DAY_MS);
    looks.chunk_by(|a, b| day(a.0) == day(b.0)).filter(|of_day| of_day.len() >= ITEMS_A_DAY).any(|of_day| {
        let mut items: Vec<u32> = of_day.iter().map(|(_, item)| *item).collect();
        items.sort_unstable();
        items.dedup();
        items.len() >= ITEMS_A_DAY
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::random::SplitMix;

    /// Looks with these pauses between them, each at another item of `items`.
    fn looks(pauses: impl Iterator<Item = i64>, items: u32) -> Vec<(Timestamp, u32)> {
        let mut at = 1_700_000_000_000;
        let looks = pauses.enumerate().map(|(number, pause)| {
            at += pause;
            (Timestamp(at), number as u32 % items)
        });
        looks.collect()
    }

    #[test]
    fn machines_are_told_from_people_in_a_hurry() {
        let mut random = SplitMix::new(3);
        let mut between = |least: i64, most: i64| least + random.below((most - least) as usize) as i64;
        let mut drawn = |count: usize, least: i64, most: i64| (0..count).map(|_| between(least, most)).collect::<Vec<_>>();
        let mut person = drawn(600, 1_500, 90_000);
        person.splice(100..140, vec![300; 40]);
        let bursts: Vec<i64> = drawn(600, 1, 900).chunks(50).flat_map(|burst| [burst, &[20_000]].concat()).collect();
        for (name, pauses, items, expected) in [
            ("somebody who reads", drawn(600, 2_000, 60_000), 300, false),
            ("somebody who clicks through forty pictures", person, 300, false),
            ("bursts with a breath in between", bursts, 300, false),
            ("a page that tells of a hundred things at once", vec![0; 400], 100, false),
            ("few clicks, however fast", vec![100; 50], 300, false),
            ("no time to look", drawn(200, 100, 900), 300, true),
            ("a clock", drawn(300, 29_500, 30_500), 300, true),
            (
                "a clock that is often held up",
                drawn(600, 29_000, 30_000).into_iter().enumerate().map(|(n, p)| if n % 4 == 0 { p * 3 } else { p }).collect(),
                300,
                false,
            ),
            ("the whole shop in a day", drawn(1_200, 5_000, 60_000), 1_100, true),
            ("a thousand looks at a few things", drawn(1_200, 5_000, 60_000), 200, false),
        ] {
            assert_eq!(is_robot(&looks(pauses.into_iter(), items)), expected, "{name}");
        }
    }
}
