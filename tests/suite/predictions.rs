//! What the customer's view tells of what is to come: laws that hold of everybody.

use serde_json::Value as Json;

const DAYS: [u32; 4] = [7, 30, 90, 365];

/// Checks somebody who bought.
pub(crate) fn of_a_buyer(told: &Json) -> u32 {
    let mut before = [0.0; 3];
    for days in DAYS {
        let [chance, churn, orders, value] =
            ["purchase", "churn", "orders", "value_minor"].map(|name| ranged(&told[format!("{name}_{days}d")]));
        assert!((chance[0] + churn[0] - 1.0).abs() < 2e-4 && chance[2] <= 1.0, "{told:#}");
        assert!(orders[0] >= chance[0] - 1e-3, "a purchase needs a day: {told:#}");
        for (now, before) in [chance[0], orders[0], value[0]].into_iter().zip(before) {
            assert!(now >= before, "more days never bring less: {told:#}");
        }
        before = [chance[0], orders[0], value[0]];
        let one = &told[format!("purchase_{days}d")];
        ranged(&one["base_rate"]);
        assert!(one["learned_from"].as_u64().is_some_and(|people| people > 50), "{one}");
        assert!(one["calibration_error"].as_f64().is_none_or(|error| (0.0..0.5).contains(&error)), "{one}");
        for driver in one["drivers"].as_array().expect("a list") {
            assert!(driver["effect"].as_f64().is_some_and(|effect| effect.abs() <= 1.0) && !driver["text"].is_null(), "{one}");
        }
    }
    let next = &told["next_category"];
    let categories = next["categories"].as_array().expect("the demo's catalog has categories");
    assert_eq!(next["value"], categories[0]["category"]);
    for category in categories {
        let of_all = ranged(&told["purchase_90d"]);
        let of_category = ranged(&category["purchase_90d"]);
        assert!(of_category[0] <= of_all[0] + 1e-4, "no category is likelier than a purchase: {told:#}");
    }
    assert!(told["first_order_30d"].is_null(), "who bought is no lead: {told:#}");
    send_time(told);
    1
}

/// Checks somebody who never bought; 0 where nothing is known but their name.
pub(crate) fn of_a_lead(told: &Json) -> u32 {
    let lead = &told["first_order_30d"];
    if lead.is_null() {
        return 0;
    }
    assert!(ranged(lead)[2] <= 1.0 && lead["base_rate"]["value"].as_f64().is_some_and(|rate| rate > 0.0), "{lead}");
    assert!(told["purchase_90d"].is_null() && told["next_category"].is_null(), "{told:#}");
    send_time(told);
    1
}

fn send_time(told: &Json) {
    let hours = told["send_time"]["hours"].as_array().expect("hours");
    assert_eq!(hours.len(), 3, "{told:#}");
    let times: Vec<f64> = hours.iter().map(|hour| ranged(hour)[0]).collect();
    assert!(times[0] >= times[1] && times[1] >= times[2] && times[0] > 1.0, "{hours:?}");
    assert!(hours.iter().all(|hour| hour["hour"].as_u64().is_some_and(|hour| hour < 24) && hour["weekday"].is_string()), "{hours:?}");
}

/// (value, low, high), in order and finite.
fn ranged(told: &Json) -> [f64; 3] {
    let [value, low, high] = ["value", "low", "high"].map(|part| told[part].as_f64().unwrap_or(f64::NAN));
    assert!(0.0 <= low && low <= value && value <= high && high.is_finite(), "{told}");
    [value, low, high]
}
