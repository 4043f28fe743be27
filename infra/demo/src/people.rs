//! Who shops here: a name, a few devices, tastes, hours, and a nature that may change.

mod names;

use jiff::civil::Date;

use crate::archetypes::{Archetype, Habits};
use crate::calendar::{DAYS, Hours, Moment, NIGHT, RHYTHMS, Year};
use crate::dice::Dice;
use crate::messages::{Address, Traits};
use crate::products::{self, Brand, Theme};
use crate::store::Good;
use crate::truth::{CustomerTruth, Switch};

/// Of the customers with a marked archetype, how many are planted to switch: about 5 % of all.
const SWITCHER_SHARE: f64 = 0.1;

/// Switchers switch in the week that begins this many days before the end of the year.
const SWITCH_DAYS_BEFORE_END: i64 = 70;

/// What the browsers say they are: phones first.
const USER_AGENTS: [&str; 6] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
];

pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) brand: Brand,
    pub(crate) devices: Vec<Device>,
    /// The day of the first visit in this year.
    pub(crate) arrives: i64,
    /// The day, before the year began, on which an account was opened; `None` for who is new to the shop.
    pub(crate) member_since: Option<i64>,
    pub(crate) takes_newsletter: bool,
    /// Of not coming back after a mission.
    pub(crate) leaving: f64,
    /// Visits compared with others of the same habits.
    pace: f64,
    nature: Nature,
    turn: Option<Turn>,
    interests: [f64; Theme::ALL.len()],
    hours: Hours,
    card: Card,
}

pub(crate) struct Device {
    pub(crate) anonymous_id: String,
    pub(crate) user_agent: &'static str,
}

/// A place on the line from ordinary to an archetype.
struct Nature {
    archetype: Archetype,
    lean: Archetype,
    strength: f64,
    habits: Habits,
}

/// The day somebody becomes another kind of shopper.
struct Turn {
    day: i64,
    nature: Nature,
}

/// What the account says.
struct Card {
    first_name: &'static str,
    last_name: &'static str,
    address: Address,
    birthday: Option<Date>,
}

impl Person {
    pub(crate) fn draw(number: usize, dice: &mut Dice) -> Self {
        let nature = Nature::draw(Archetype::draw(dice), dice);
        let brand = products_brand(dice);
        let member_since = dice.chance(0.55).then(|| -dice.whole(20, 900));
        Self {
            id: format!("c{number:05}"),
            brand,
            devices: devices(dice),
            arrives: dice.whole(0, if member_since.is_some() { 150 } else { DAYS - 20 }),
            member_since,
            takes_newsletter: dice.chance(0.6),
            leaving: if dice.chance(0.15) { 0.6 } else { 0.12 * dice.unit() },
            pace: dice.long_tail(),
            nature,
            turn: None,
            interests: interests(dice),
            hours: hours(dice),
            card: Card::draw(dice),
        }
    }

    /// Plants a switch, in a share of the customers: ten weeks before the end they take to another archetype, and from then on come
    /// every week, so that there is something to see.
    pub(crate) fn perhaps_switch(mut self, dice: &mut Dice) -> Self {
        if self.nature.archetype != Archetype::Ordinary && dice.chance(SWITCHER_SHARE) {
            let others = Archetype::MARKED.map(|to| if to == self.nature.archetype { 0.0 } else { 1.0 });
            let to = Archetype::MARKED[dice.weighted(&others).unwrap_or(0)];
            let mut nature = Nature::draw(to, dice);
            nature.habits.missions_per_month = 5.0;
            self.pace = 1.0;
            self.leaving = 0.0;
            self.arrives = self.arrives.min(60);
            self.turn = Some(Turn { day: DAYS - SWITCH_DAYS_BEFORE_END + dice.whole(0, 6), nature });
        }
        self
    }

    pub(crate) fn habits(&self, day: i64) -> &Habits {
        match &self.turn {
            Some(turn) if turn.day <= day => &turn.nature.habits,
            _ => &self.nature.habits,
        }
    }

    /// The chance of a mission on a day of ordinary bustle.
    pub(crate) fn mission_chance(&self, day: i64) -> f64 {
        self.habits(day).missions_per_month * self.pace / 30.0
    }

    pub(crate) fn theme(&self, dice: &mut Dice) -> Theme {
        Theme::ALL[dice.weighted(&self.interests).unwrap_or(0)]
    }

    /// How much a product is liked when a theme is on the mind; the shop multiplies popularity and season.
    pub(crate) fn taste(&self, good: &Good, theme: Theme) -> f64 {
        if good.product.theme == theme { 20.0 } else { self.interests[good.product.theme as usize] }
    }

    /// A time on a day to come by.
    pub(crate) fn moment(&self, day: i64, dice: &mut Dice) -> Moment {
        let hours = if dice.chance(self.habits(day).night) { &NIGHT } else { &self.hours };
        let hour = dice.weighted(hours).unwrap_or(12) as i64;
        Moment::new(day, hour * 3_600 + dice.whole(0, 3_599))
    }

    pub(crate) fn traits(&self, year: &Year, since: Moment) -> Traits {
        let Card { first_name, last_name, address, birthday } = self.card;
        let email = format!("{}.{}.{}@example.com", plain(first_name), plain(last_name), self.id);
        Traits { email, first_name, last_name, address, birthday, created_at: year.timestamp(since) }
    }

    pub(crate) fn truth(&self, year: &Year) -> CustomerTruth {
        let switch = self.turn.as_ref().map(|turn| Switch {
            at: year.timestamp(Moment::new(turn.day, 0)),
            to: turn.nature.archetype,
            strength: turn.nature.strength,
        });
        CustomerTruth {
            id: self.id.clone(),
            archetype: self.nature.archetype,
            leans_to: self.nature.lean,
            strength: self.nature.strength,
            favourite_brand: self.brand.name().to_owned(),
            anonymous_ids: self.devices.iter().map(|device| device.anonymous_id.clone()).collect(),
            switch,
        }
    }
}

impl Nature {
    fn draw(archetype: Archetype, dice: &mut Dice) -> Self {
        let lean = match archetype {
            Archetype::Ordinary => dice.of(&Archetype::MARKED),
            marked => marked,
        };
        let strength = archetype.draw_strength(dice);
        Self { archetype, lean, strength, habits: Habits::draw(lean, strength, dice) }
    }
}

impl Card {
    fn draw(dice: &mut Dice) -> Self {
        let birthday = dice.chance(0.4).then(|| {
            let (year, month, day) = (dice.whole(1944, 2004), dice.whole(1, 12), dice.whole(1, 28));
            Date::new(year as i16, month as i8, day as i8).ok()
        });
        Self {
            first_name: dice.of(&names::FIRST),
            last_name: dice.of(&names::LAST),
            address: dice.of(&names::CITIES),
            birthday: birthday.flatten(),
        }
    }
}

/// Large brands have more friends.
fn products_brand(dice: &mut Dice) -> Brand {
    let brands: Vec<Brand> = products::all().map(|product| product.brand).collect();
    dice.of(&brands)
}

/// One device for most, two or three for some.
fn devices(dice: &mut Dice) -> Vec<Device> {
    let many = 1 + usize::from(dice.chance(0.3)) + usize::from(dice.chance(0.08));
    (0..many).map(|_| device(dice)).collect()
}

pub(crate) fn device(dice: &mut Dice) -> Device {
    Device { anonymous_id: dice.uuid(), user_agent: dice.of(&USER_AGENTS) }
}

/// One thing people come for, one they also like, and a little of everything.
fn interests(dice: &mut Dice) -> [f64; Theme::ALL.len()] {
    let mut interests = [0.5; Theme::ALL.len()];
    interests[dice.below(Theme::ALL.len())] += 3.0;
    interests[dice.below(Theme::ALL.len())] += 6.0;
    interests
}

fn hours(dice: &mut Dice) -> Hours {
    let shares = RHYTHMS.map(|(share, _)| share);
    RHYTHMS[dice.weighted(&shares).unwrap_or(0)].1
}

/// A name as mail addresses have it.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect()
}
