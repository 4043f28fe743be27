//! A queue as SQS promises one: at least once, in no order, hidden while somebody works on it, dead after too many tries.

use crate::dice::Dice;
use rapport_core::time::{MINUTE_MS, Timestamp};
use rapport_lambda::Message;

/// As the template has it.
pub(crate) const MOST_RECEIVES: u32 = 5;
/// How long a message stays hidden from others once it was handed out.
pub(crate) const VISIBILITY_MS: i64 = 6 * MINUTE_MS;

#[derive(Clone, Debug)]
struct Letter {
    id: String,
    body: String,
    visible: Timestamp,
    receives: u32,
}

/// Messages on their way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Post {
    letters: Vec<Letter>,
    dead: Vec<Letter>,
    sent: u64,
    delivered: u64,
}

impl Post {
    /// Takes `body`, to be seen from `visible` on.
    pub(crate) fn send(&mut self, body: String, visible: Timestamp) {
        self.sent += 1;
        self.letters.push(Letter { id: format!("m{}", self.sent), body, visible, receives: 0 });
    }

    /// Takes `body` to the dead letters, untried.
    pub(crate) fn lose(&mut self, body: String, now: Timestamp) {
        self.sent += 1;
        self.dead.push(Letter { id: format!("m{}", self.sent), body, visible: now, receives: MOST_RECEIVES });
    }

    /// Up to `most` messages in any order. One in a thousand times `twice` stays visible, so that another handler gets it too.
    pub(crate) fn receive(&mut self, most: usize, twice: u32, now: Timestamp, dice: &mut Dice) -> Vec<Message> {
        self.bury(now);
        let mut ready: Vec<usize> = (0..self.letters.len()).filter(|place| self.letters[*place].visible <= now).collect();
        dice.shuffle(&mut ready);
        ready.truncate(most);
        let mut batch = Vec::with_capacity(ready.len());
        for place in ready {
            let letter = &mut self.letters[place];
            letter.receives += 1;
            if !dice.happens(twice) {
                letter.visible = now.plus_ms(VISIBILITY_MS);
            }
            self.delivered += 1;
            batch.push(Message { id: letter.id.clone(), body: letter.body.clone(), deliveries: letter.receives });
        }
        batch
    }

    /// What was received too often goes to the dead when it would be received once more, not while its last receiver works on it.
    fn bury(&mut self, now: Timestamp) {
        let letters = std::mem::take(&mut self.letters);
        let (dead, alive): (Vec<Letter>, _) =
            letters.into_iter().partition(|letter| letter.receives >= MOST_RECEIVES && letter.visible <= now);
        self.letters = alive;
        self.dead.extend(dead);
    }

    /// Forgets what was handled.
    pub(crate) fn delete(&mut self, id: &str) {
        self.letters.retain(|letter| letter.id != id);
        self.dead.retain(|letter| letter.id != id);
    }

    /// Shows what failed again, from `visible` on.
    pub(crate) fn show(&mut self, id: &str, visible: Timestamp) {
        if let Some(letter) = self.letters.iter_mut().find(|letter| letter.id == id) {
            letter.visible = visible;
        }
    }

    /// Puts the dead back among the living, as an operator does once the cause is mended; gives how many.
    pub(crate) fn redrive(&mut self, now: Timestamp) -> usize {
        self.bury(now);
        let dead = std::mem::take(&mut self.dead);
        let count = dead.len();
        self.letters.extend(dead.into_iter().map(|letter| Letter { visible: now, receives: 0, ..letter }));
        count
    }

    /// When the next message can be seen.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.letters.iter().map(|letter| letter.visible).min()
    }

    /// Whether nothing is left, the dead among it.
    pub(crate) fn is_empty(&self) -> bool {
        self.letters.is_empty() && self.dead.is_empty()
    }

    /// How often a message was handed out.
    pub(crate) const fn delivered(&self) -> u64 {
        self.delivered
    }
}
