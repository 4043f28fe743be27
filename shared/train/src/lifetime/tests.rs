//! Published fits, slopes against differences, and shops too small for a fit of their own.

use super::{gamma_gamma::Spender, likelihood::of_all, *};
use rapport_core::prediction::{BgNbd, GammaGamma, ParetoNbd, Purchases};
use std::{fs, path::PathBuf};

/// The 1/10 sample of CDNOW as `lifetimes` distributes it, in weeks; `None`, and a word about it, where the shop data is not there.
fn cdnow() -> Option<(Vec<Purchases>, Vec<Spender>)> {
    let data = std::env::var_os("RAPPORT_DATA").map_or_else(|| PathBuf::from("../../../shared/data"), PathBuf::from);
    let path = data.join("cdnow_2357_summary_39weeks.csv");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: no {}", path.display());
        return None;
    };
    let rows: Vec<[f64; 4]> = text
        .lines()
        .skip(1)
        .map(|line| {
            let numbers: Vec<f64> = line.split(',').skip(1).map(|number| number.parse().expect("a number")).collect();
            [numbers[0], numbers[1], numbers[2], numbers[3]]
        })
        .collect();
    // The published Gamma-Gamma fit is of repeat purchases alone.
    let spenders = rows.iter().filter(|row| row[0] > 0.0).map(|row| Spender { days: row[0], mean_minor: row[3] }).collect();
    Some((rows.iter().map(|[x, recency, age, mean]| Purchases::new(*x, *recency, *age, *mean)).collect(), spenders))
}

fn close(told: f64, printed: f64, digits: i32) -> bool {
    (told - printed).abs() <= 0.5001 * 10f64.powi(-digits)
}

#[test]
fn published_parameters_are_found() {
    let Some((known, spenders)) = cdnow() else { return };
    assert_eq!(known.len(), 2_357);
    let customers = alike(known);
    assert!(customers.len() < 1_600, "alike customers are one row: {}", customers.len());

    let Fitted { model: BgNbd { r, alpha_days, a, b }, ln_likelihood } = bg_nbd::fit(&customers, None).expect("fits");
    assert!(close(r, 0.2426, 4) && close(alpha_days, 4.4135, 4), "{r} {alpha_days}");
    assert!(close(a, 0.7929, 3) && close(b, 2.4258, 3) && close(ln_likelihood, -9582.43, 2), "{a} {b} {ln_likelihood}");

    let Fitted { model: ParetoNbd { r, alpha_days, s, beta_days }, ln_likelihood } = pareto_nbd::fit(&customers, None).expect("fits");
    assert!(close(r, 0.553, 3) && close(alpha_days, 10.578, 3) && close(s, 0.606, 3), "{r} {alpha_days} {s}");
    assert!((beta_days - 11.669).abs() < 0.02 && close(ln_likelihood, -9595.0, 1), "{beta_days} {ln_likelihood}");

    let GammaGamma { p, q, v_minor } = gamma_gamma::fit(&spenders, None).expect("fits").model;
    assert!(close(p, 6.25, 2) && close(q, 3.74, 2) && close(v_minor, 15.44, 1), "{p} {q} {v_minor}");
}

/// Somebody for every case in the formulas.
fn people() -> Vec<Alike> {
    alike(
        [(0.0, 0.0, 5.0), (0.0, 0.0, 272.0), (1.0, 3.0, 40.0), (4.0, 200.0, 210.0), (60.0, 500.0, 640.0), (2.0, 30.0, 30.0)]
            .map(|(x, recency, age)| Purchases::new(x, recency, age, 0.0)),
    )
}

/// Central differences of ln likelihood beside the slopes.
fn check_slopes<const N: usize>(at: [f64; N], likelihood: impl Fn([f64; N]) -> (f64, [f64; N])) {
    for place in 0..N {
        let step = 1e-5 * at[place];
        let [mut low, mut high] = [at, at];
        (low[place], high[place]) = (at[place] - step, at[place] + step);
        let (told, measured) = (likelihood(at).1[place], (likelihood(high).0 - likelihood(low).0) / (2.0 * step));
        assert!((told - measured).abs() < 1e-5 * (1.0 + measured.abs()), "{place} at {at:?}: {told} {measured}");
    }
}

#[test]
fn slopes_are_those_of_differences() {
    let people = people();
    for at in [[0.24, 31.0, 0.79, 2.4], [1.5, 4.0, 3.0, 0.6]] {
        check_slopes(at, |[r, alpha_days, a, b]| of_all(&BgNbd { r, alpha_days, a, b }, &people));
    }
    for at in [[0.55, 74.0, 0.61, 82.0], [2.0, 10.0, 5.0, 900.0]] {
        check_slopes(at, |[r, alpha_days, s, beta_days]| of_all(&ParetoNbd { r, alpha_days, s, beta_days }, &people));
    }
    let spenders = [Spender { days: 1.0, mean_minor: 1_250.0 }, Spender { days: 30.0, mean_minor: 90.0 }];
    check_slopes([6.2, 3.7, 1_544.0], |[p, q, v_minor]| of_all(&GammaGamma { p, q, v_minor }, &spenders));
}

#[test]
fn small_shops_have_the_prior() {
    let near = |told: f64, centre: f64, factor: f64| (told / centre).ln().abs() < f64::ln(factor);
    for count in [0usize, 1, 10] {
        let people: Vec<Alike> = alike((0..count).map(|number| Purchases::new((number % 3) as f64, 20.0, 60.0 + number as f64, 900.0)));
        let bg = bg_nbd::fit(&people, Some(&bg_nbd::PRIOR)).expect("fits").model;
        let pareto = pareto_nbd::fit(&people, Some(&pareto_nbd::PRIOR)).expect("fits").model;
        let spenders: Vec<Spender> = (0..count).map(|number| Spender { days: 1.0 + number as f64, mean_minor: 900.0 }).collect();
        let spend = gamma_gamma::fit(&spenders, Some(&gamma_gamma::prior(900.0))).expect("fits").model;
        // Nobody leaves them as they are, ten move them a little.
        let factor = if count == 0 { 1.0001 } else { 20.0 };
        let [r, alpha, a, b] = bg_nbd::PRIOR.centre;
        assert!(near(bg.r, r, factor) && near(bg.alpha_days, alpha, factor) && near(bg.a, a, factor) && near(bg.b, b, factor), "{bg:?}");
        let [r, alpha, s, beta] = pareto_nbd::PRIOR.centre;
        let told = [(pareto.r, r), (pareto.alpha_days, alpha), (pareto.s, s), (pareto.beta_days, beta)];
        assert!(told.iter().all(|(told, centre)| near(*told, *centre, factor)), "{pareto:?}");
        let expected = spend.expected_minor(1.0, 900.0);
        assert!((600.0..1_400.0).contains(&expected), "{expected}");
    }
    assert_eq!(bg_nbd::fit(&[], None), Err(FitError::Nobody));
    assert_eq!(pareto_nbd::fit(&[], None), Err(FitError::Nobody));
    assert_eq!(gamma_gamma::fit(&[], None), Err(FitError::Nobody));
}

#[test]
fn money_of_small_units_changes_nothing_but_the_scale() {
    let of = |unit: f64| {
        let spenders: Vec<Spender> = (1..200u32)
            .map(|number| Spender { days: f64::from(1 + number % 5), mean_minor: unit * f64::from(300 + number * 37 % 900) })
            .collect();
        gamma_gamma::fit(&spenders, Some(&gamma_gamma::prior(unit * 750.0))).expect("fits")
    };
    // Cents, and rupiahs by the hundredth.
    let (cents, rupiahs) = (of(1.0), of(200_000.0));
    let apart = |one: f64, other: f64| (one / other).ln().abs();
    assert!(apart(cents.model.p, rupiahs.model.p) < 1e-6 && apart(cents.model.q, rupiahs.model.q) < 1e-6, "{cents:?} {rupiahs:?}");
    assert!(apart(cents.model.v_minor * 200_000.0, rupiahs.model.v_minor) < 1e-6, "{cents:?} {rupiahs:?}");
    assert!((cents.ln_likelihood - rupiahs.ln_likelihood - 199.0 * 200_000f64.ln()).abs() < 1e-3, "{cents:?} {rupiahs:?}");
}

#[test]
fn one_thread_and_two_fit_the_same_bits() {
    let people = alike((0..9_000u32).map(|number| {
        let age = f64::from(20 + number * 7 % 400);
        Purchases::new(f64::from(number * number % 7), age * f64::from(number % 11) / 11.0, age, 0.0)
    }));
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| (bg_nbd::fit(&people, Some(&bg_nbd::PRIOR)), pareto_nbd::fit(&people, Some(&pareto_nbd::PRIOR))))
    };
    assert_eq!(fit(1), fit(2));
}
