//! Every schedule of every small scene. `CUTS=3` lets more be interrupted than CI has time for, `SCENE=archived` plays the scenes whose names
//! say so.

#![allow(clippy::panic, clippy::print_stdout, reason = "tests")]

use rapport_simulation::{explore, scenes};

/// Interruptions of a schedule at most, in CI, but where a scene takes more: seconds. With two it takes minutes.
const CUTS: usize = 1;

#[test]
fn no_schedule_breaks_a_law() {
    let cuts = std::env::var("CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(CUTS);
    let wanted = std::env::var("SCENE").unwrap_or_default();
    for scene in scenes().iter().filter(|scene| scene.name.contains(&wanted)) {
        let survey = explore(scene, cuts.max(scene.cuts)).unwrap_or_else(|trouble| panic!("{}: {trouble}", scene.name));
        println!("{:>6} schedules: {}", survey.schedules, scene.name);
        if let Some((schedule, broken, story)) = survey.broken {
            panic!("{}: {schedule:?} breaks a law: {}: {}\n{}", scene.name, broken.law, broken.by.join(", "), story.join("\n"));
        }
        assert!(survey.schedules > 100, "{} has handlers that meet", scene.name);
    }
}
