//! Generalised linear models by penalised maximum likelihood.
//!
//! Written out here because neither linfa nor smartcore has Poisson regression with offsets, weights and a ridge; the whole of it is
//! Newton's method on fourteen numbers (iteratively reweighted least squares: Nelder and Wedderburn 1972; ridge: Le Cessie and van
//! Houwelingen 1992). What smartcore has, logistic regression, is the oracle of the tests.

use super::questions::Question;
use rapport_core::prediction::{FEATURES, Regression, special::logistic};
use rayon::prelude::*;

/// The intercept, then the features.
const SIZE: usize = FEATURES + 1;
/// Steps after which the search is given up; it takes eight.
const STEPS: usize = 50;
/// Questions whose sums are added up as one.
const CHUNK: usize = 4_096;
/// No step moves a coefficient further.
const LONGEST_STEP: f64 = 3.0;

/// What is regressed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// How many purchase days came, Poisson.
    Count,
    /// Whether any came, logistic.
    Chance,
}

/// The gradient and the curvature of the log likelihood.
struct Sums {
    slope: [f64; SIZE],
    curve: [[f64; SIZE]; SIZE],
}

/// Learns from `questions`; `uses` says which features may count. `None` where nothing was asked, or all answers are alike.
pub(crate) fn fit(kind: Kind, questions: &[Question], uses: impl Fn(usize) -> bool, ridge: f64) -> Option<Regression> {
    let answers = |question: &Question| kind.answer(question);
    let first = answers(questions.first()?);
    if questions.iter().all(|question| answers(question) == first) {
        return None;
    }
    let (means, spreads) = moments(questions);
    let mut regression = Regression { intercept: 0.0, means, spreads, slopes: [0.0; FEATURES] };
    // What no step changes is worked out once.
    let rows: Vec<[f64; FEATURES]> = questions.par_iter().map(|question| regression.standardised(&question.features)).collect();
    for _ in 0..STEPS {
        let Sums { slope, curve } = sums(kind, (questions, &rows), &regression, ridge);
        let is_held = |place: usize| place > 0 && !uses(place - 1);
        let step = solve(curve, slope, is_held)?;
        let longest = step.iter().fold(0.0, |longest: f64, part| longest.max(part.abs()));
        let scale = (LONGEST_STEP / longest.max(1e-300)).min(1.0);
        regression.intercept += scale * step[0];
        regression.slopes.iter_mut().zip(&step[1..]).for_each(|(slope, step)| *slope += scale * step);
        if longest < 1e-9 {
            break;
        }
    }
    regression.is_sound().then_some(regression)
}

impl Kind {
    /// What was to be told.
    pub(crate) fn answer(self, question: &Question) -> f64 {
        match self {
            Self::Count => question.bought,
            Self::Chance => f64::from(u8::from(question.bought > 0.0)),
        }
    }

    /// The expected answer at a height, and its variance.
    fn moments(self, height: f64) -> (f64, f64) {
        match self {
            Self::Count => {
                let mean = height.clamp(-30.0, 8.0).exp();
                (mean, mean)
            }
            Self::Chance => {
                let mean = logistic(height.clamp(-30.0, 30.0));
                (mean, mean * (1.0 - mean))
            }
        }
    }
}

/// Means and standard deviations of the features; 1 for one that does not vary.
fn moments(questions: &[Question]) -> ([f64; FEATURES], [f64; FEATURES]) {
    let count = questions.len() as f64;
    let mean = |read: &dyn Fn(&Question) -> f64| questions.iter().map(read).sum::<f64>() / count;
    let means: [f64; FEATURES] = std::array::from_fn(|place| mean(&|question| question.features.0[place]));
    let spreads = std::array::from_fn(|place| {
        let spread = mean(&|question| (question.features.0[place] - means[place]).powi(2)).sqrt();
        if spread > 1e-9 { spread } else { 1.0 }
    });
    (means, spreads)
}

/// `rows` are the questions' features, standardised.
fn sums(kind: Kind, (questions, rows): (&[Question], &[[f64; FEATURES]]), regression: &Regression, ridge: f64) -> Sums {
    let chunk = |(questions, rows): (&[Question], &[[f64; FEATURES]])| {
        let mut sums = Sums { slope: [0.0; SIZE], curve: [[0.0; SIZE]; SIZE] };
        for (question, standardised) in questions.iter().zip(rows) {
            let line = standardised.iter().zip(&regression.slopes).map(|(feature, slope)| feature * slope).sum::<f64>();
            let (mean, variance) = kind.moments(regression.intercept + line + question.season);
            let row: [f64; SIZE] = std::array::from_fn(|place| if place == 0 { 1.0 } else { standardised[place - 1] });
            let (missed, weight) = (question.weight * (kind.answer(question) - mean), question.weight * variance);
            for (place, value) in row.iter().enumerate() {
                sums.slope[place] += missed * value;
                let scaled = weight * value;
                sums.curve[place][..=place].iter_mut().zip(&row).for_each(|(sum, other)| *sum += scaled * other);
            }
        }
        sums
    };
    let parts: Vec<Sums> = questions.par_chunks(CHUNK).zip(rows.par_chunks(CHUNK)).map(chunk).collect();
    let mut all = Sums { slope: [0.0; SIZE], curve: [[0.0; SIZE]; SIZE] };
    for part in parts {
        for place in 0..SIZE {
            all.slope[place] += part.slope[place];
            all.curve[place].iter_mut().zip(&part.curve[place]).for_each(|(sum, part)| *sum += part);
        }
    }
    for place in 0..SIZE {
        // The intercept is free, but for what keeps the matrix above 0.
        let held = if place == 0 { 0.0 } else { ridge };
        all.slope[place] -= held * if place == 0 { 0.0 } else { regression.slopes[place - 1] };
        all.curve[place][place] += held + 1e-9;
    }
    all
}

/// The step that Newton takes: Cholesky's decomposition of the lower triangle; what `is_held` stays at 0. `None` where the matrix is not
/// positive definite.
fn solve(mut curve: [[f64; SIZE]; SIZE], slope: [f64; SIZE], is_held: impl Fn(usize) -> bool) -> Option<[f64; SIZE]> {
    let mut step = slope;
    for place in (0..SIZE).filter(|place| is_held(*place)) {
        (0..SIZE).for_each(|other| (curve[place][other], curve[other][place]) = (0.0, 0.0));
        (curve[place][place], step[place]) = (1.0, 0.0);
    }
    for row in 0..SIZE {
        for column in 0..=row {
            let known: f64 = (0..column).map(|inner| curve[row][inner] * curve[column][inner]).sum();
            let left = curve[row][column] - known;
            if row == column {
                if left <= 0.0 || !left.is_finite() {
                    return None;
                }
                curve[row][row] = left.sqrt();
            } else {
                curve[row][column] = left / curve[column][column];
            }
        }
    }
    for row in 0..SIZE {
        let known: f64 = (0..row).map(|inner| curve[row][inner] * step[inner]).sum();
        step[row] = (step[row] - known) / curve[row][row];
    }
    for row in (0..SIZE).rev() {
        let known: f64 = (row + 1..SIZE).map(|inner| curve[inner][row] * step[inner]).sum();
        step[row] = (step[row] - known) / curve[row][row];
    }
    Some(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::{prediction::Features, random::SplitMix};
    use smartcore::{
        linalg::basic::{arrays::Array, matrix::DenseMatrix},
        linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters},
    };

    /// Questions whose answers follow a known line in the first two features.
    fn asked(kind: Kind) -> Vec<Question> {
        let mut dice = SplitMix::new(3);
        let mut random = move || (dice.next_bits() >> 11) as f64 / (1u64 << 53) as f64;
        (0..6_000u32)
            .map(|number| {
                let features = Features(std::array::from_fn(|_| random() * 2.0 - 1.0));
                let season = if number % 2 == 0 { 0.4 } else { -0.4 };
                let height = -0.5 + 1.2 * features.0[0] - 0.7 * features.0[1] + season;
                // Expectations in place of draws: the likelihood has the same peak.
                let bought = match kind {
                    Kind::Count => height.exp(),
                    Kind::Chance => f64::from(u8::from(random() < logistic(height))),
                };
                Question { features, season, weight: 1.0, bought }
            })
            .collect()
    }

    #[test]
    fn known_lines_are_found() {
        for (kind, within) in [(Kind::Count, 1e-6), (Kind::Chance, 0.15)] {
            let questions = asked(kind);
            let found = fit(kind, &questions, |_| true, 0.0).expect("fits");
            let slope = |place: usize| found.slopes[place] / found.spreads[place];
            assert!((slope(0) - 1.2).abs() < within && (slope(1) + 0.7).abs() < within && slope(5).abs() < within, "{kind:?} {found:?}");
        }
    }

    /// smartcore goes down the same penalised likelihood another way, by L-BFGS.
    #[test]
    fn a_library_finds_the_same_line() {
        let questions: Vec<Question> = asked(Kind::Chance).into_iter().map(|question| Question { season: 0.0, ..question }).collect();
        for ridge in [1.0, 30.0, 1_000.0] {
            let ours = fit(Kind::Chance, &questions, |_| true, ridge).expect("fits");
            let rows: Vec<Vec<f64>> = questions.iter().map(|question| ours.standardised(&question.features).to_vec()).collect();
            let answers: Vec<u32> = questions.iter().map(|question| u32::from(question.bought > 0.0)).collect();
            let rows = DenseMatrix::from_2d_vec(&rows).expect("a matrix");
            let params = LogisticRegressionParameters::default().with_alpha(ridge);
            let theirs = LogisticRegression::fit(&rows, &answers, params).expect("fits");
            let apart = |place: usize| (ours.slopes[place] - theirs.coefficients().get((0, place))).abs();
            let furthest = (0..FEATURES).map(apart).fold((ours.intercept - theirs.intercept().get((0, 0))).abs(), f64::max);
            assert!(furthest < 1e-5, "{furthest} apart at {ridge}: {ours:?}");
        }
    }

    #[test]
    fn a_feature_that_may_not_count_does_not() {
        let questions = asked(Kind::Count);
        let found = fit(Kind::Count, &questions, |place| place == 1, 0.0).expect("fits");
        assert!(found.slopes.iter().enumerate().all(|(place, slope)| (*slope != 0.0) == (place == 1)), "{found:?}");
    }

    #[test]
    fn nothing_is_learned_from_answers_that_are_all_alike() {
        let questions: Vec<Question> = asked(Kind::Chance).into_iter().map(|question| Question { bought: 1.0, ..question }).collect();
        assert_eq!(fit(Kind::Chance, &questions, |_| true, 30.0), None);
        assert_eq!(fit(Kind::Count, &[], |_| true, 30.0), None);
    }
}
