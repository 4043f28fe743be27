//! How long the binaries take to start, and what they then have in memory. `infra/sizes.sh` runs it on what is deployed and reads what it
//! prints; the bars are in that script.

use super::{
    FUNCTIONS, NOW, answered,
    house::{House, sample},
    large_shop,
};
use rapport_io::models::Models;
use std::time::Duration;

/// How often each function is started; the median counts.
const STARTS: usize = 15;
const ITEMS: usize = 20_000;

/// Prints, for the functions that `RAPPORT_START` names or for all, `start NAME MS RESIDENT_MB ARTIFACT_MB FIRST_ANSWER_MS RESIDENT_MB`; the last three are `-` but for a lookup.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, for `infra/sizes.sh`"]
async fn start_times() {
    let house = House::new().await;
    let artifact = large_shop::draft(ITEMS, NOW).to_bytes().expect("an artifact").0;
    let artifact_mb = artifact.len() as f64 / 1e6;
    Models::new(house.aws.objects.clone()).publish(artifact.into(), "{}".into(), NOW).await.expect("published");
    let asked = std::env::var("RAPPORT_START").unwrap_or_else(|_| FUNCTIONS.join(" "));
    for function in asked.split(' ') {
        let (mut ready, mut resident) = (Vec::new(), Vec::new());
        let (mut first_answers, mut resident_after) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let mut booted = house.boot(function).await;
            ready.push(millis(booted.ready_after));
            resident.push(booted.resident_mb());
            if function == "recommend" {
                let answer = booted.api.invoke(sample("recommend/lambda/product-page.json")).await.expect("an answer");
                first_answers.push(millis(booted.started.elapsed()));
                resident_after.push(booted.resident_mb());
                let (status, body) = answered(&answer);
                assert_eq!((status, body["items"].as_array().map(Vec::len), body["fallback"].as_str()), (200, Some(10), None), "{body}");
            }
        }
        let lookup = match first_answers.is_empty() {
            true => "- - -".to_owned(),
            false => format!("{artifact_mb:.1} {:.1} {:.1}", median(first_answers), median(resident_after)),
        };
        println!("start {function} {:.1} {:.1} {lookup}", median(ready), median(resident));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
