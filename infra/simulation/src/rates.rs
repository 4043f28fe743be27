//! How bad the weather is: which faults a run has, and how many of them.

use crate::dice::Dice;

/// Faults in thousandths of the occasions for them. Each seed draws its own, so that some runs see one kind alone and some see all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// A store call fails and did nothing: throttled, out of reach.
    pub refused: u32,
    /// A write happens and its caller is told that it failed.
    pub lost_answer: u32,
    /// A conditional write happens, its answer is lost, and the client's own second try is told of a conflict.
    pub own_conflict: u32,
    /// A handler dies at an await.
    pub crash: u32,
    /// A message is handed to a second handler while the first still works on it.
    pub twice: u32,
    /// A message that was handled comes once more.
    pub undeleted: u32,
    /// A sender sends again what was acknowledged.
    pub resend: u32,
    /// A message is not there yet when it could be.
    pub delay: u32,
    /// The clock moves on while handlers work.
    pub slow: u32,
    /// A read that need not be the newest shows a row as it was a few writes ago.
    pub stale: u32,
    /// A message ends among the dead letters, as while a release is broken, and stays there until an operator looks.
    pub dead: u32,
}

impl Rates {
    /// No fault at all.
    pub const CALM: Self = Self {
        refused: 0,
        lost_answer: 0,
        own_conflict: 0,
        crash: 0,
        twice: 0,
        undeleted: 0,
        resend: 0,
        delay: 0,
        slow: 0,
        stale: 0,
        dead: 0,
    };
    /// What [`Rates::without`] can leave out.
    pub const KINDS: [&'static str; 11] =
        ["refused", "lost_answer", "own_conflict", "crash", "twice", "undeleted", "resend", "delay", "slow", "stale", "dead"];

    /// Half of the kinds are absent from a run, and the others come seldom or often.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let mut rate = |most: i64| if dice.happens(500) { 0 } else { dice.between(1, most) as u32 };
        Self {
            refused: rate(60),
            lost_answer: rate(60),
            own_conflict: rate(60),
            crash: rate(30),
            twice: rate(200),
            undeleted: rate(100),
            resend: rate(300),
            delay: rate(500),
            slow: rate(100),
            stale: rate(400),
            dead: rate(60),
        }
    }

    /// The same without the fault called `kind`, for finding out which of them a failure needs.
    #[must_use]
    pub fn without(mut self, kind: &str) -> Self {
        let rate = match kind {
            "refused" => &mut self.refused,
            "lost_answer" => &mut self.lost_answer,
            "own_conflict" => &mut self.own_conflict,
            "crash" => &mut self.crash,
            "twice" => &mut self.twice,
            "undeleted" => &mut self.undeleted,
            "resend" => &mut self.resend,
            "delay" => &mut self.delay,
            "slow" => &mut self.slow,
            "stale" => &mut self.stale,
            "dead" => &mut self.dead,
            _ => return self,
        };
        *rate = 0;
        self
    }
}
