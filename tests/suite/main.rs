//! Everything through real SDK calls and real HTTP, in one binary: it links once.

mod house_rules;
