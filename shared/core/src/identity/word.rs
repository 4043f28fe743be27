//! What one event says about who is who.

use crate::{
    event::{Action, Event},
    id::{CustomerId, DeviceId},
    profile::{Alias, Position, Subject},
};

/// A trusted word about an alias and a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The other id.
    pub alias: Alias,
    /// The customer.
    pub customer: CustomerId,
    /// When, and by which event, it was said.
    pub at: Position,
    /// What of the two.
    pub says: Says,
}

/// What a word says of an alias and a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// A sender named both in one breath, or called `alias`.
    Claimed,
    /// The shop ruled that they are one.
    Merged,
    /// The shop ruled that they are not.
    Parted,
}

/// What `event` says about who is who. A browser's claim says nothing.
#[must_use]
pub fn words(event: &Event) -> Vec<Word> {
    let (true, Some(customer)) = (event.authority.is_trusted(), &event.who.customer) else { return Vec::new() };
    let at = Position::of(event);
    let word = |alias: Alias, customer: &CustomerId, says: Says| Word { alias, customer: customer.clone(), at, says };
    let own = Subject::Customer(customer.clone());
    if let Action::Ruled { alias, is_one } = &event.action {
        let mut words = vec![word(alias.clone(), customer, if *is_one { Says::Merged } else { Says::Parted })];
        // Of two customers each may be the other's alias. What is merged into a customer does not own that customer, too.
        if let Subject::Customer(other) = alias {
            words.push(word(own.clone(), other, Says::Parted));
        }
        words.retain(|word| word.alias != Subject::Customer(word.customer.clone()));
        return words;
    }
    let mut aliases: Vec<Alias> = Vec::new();
    aliases.extend(event.who.device.clone().map(Subject::Device));
    aliases.extend(event.who.email.clone().map(Subject::Email));
    aliases.extend(event.who.phone.clone().map(Subject::Phone));
    if let Action::Aliased { previous } = &event.action {
        aliases.extend(DeviceId::of_somebody(previous).ok().map(Subject::Device));
        aliases.extend(CustomerId::of_somebody(previous).ok().map(Subject::Customer).filter(|alias| *alias != own));
    }
    aliases.into_iter().map(|alias| word(alias, customer, Says::Claimed)).collect()
}
