//! Multinomial logistic regression by gradient descent with a ridge: plain enough to be above suspicion.

use rapport_demo::Archetype;

use crate::features::{Example, FEATURES};

pub(crate) const CLASSES: [Archetype; 6] = [
    Archetype::Ordinary,
    Archetype::DiscountSeeker,
    Archetype::BrandLoyalist,
    Archetype::ConsciousConsumer,
    Archetype::ImpulseBuyer,
    Archetype::Researcher,
];

const STEPS: usize = 500;
const RATE: f64 = 0.4;
const RIDGE: f64 = 1e-3;

/// The last weight of a row is the intercept.
type Weights = [[f64; FEATURES + 1]; CLASSES.len()];

pub(crate) struct Model {
    mean: [f64; FEATURES],
    deviation: [f64; FEATURES],
    weights: Weights,
}

pub(crate) fn fit(examples: &[&Example]) -> Model {
    let (mean, deviation) = moments(examples);
    let mut model = Model { mean, deviation, weights: [[0.0; FEATURES + 1]; CLASSES.len()] };
    let rows: Vec<_> = examples.iter().map(|example| (model.scale(&example.features), example.archetype)).collect();
    for _ in 0..STEPS {
        let slope = gradient(&model.weights, &rows);
        for (weights, slope) in model.weights.iter_mut().flatten().zip(slope.iter().flatten()) {
            *weights -= RATE * (slope / rows.len() as f64 + RIDGE * *weights);
        }
    }
    model
}

impl Model {
    pub(crate) fn guess(&self, features: &[f64; FEATURES]) -> Archetype {
        let chances = chances(&self.weights, &self.scale(features));
        let best = (0..CLASSES.len()).max_by(|a, b| chances[*a].total_cmp(&chances[*b]));
        CLASSES[best.unwrap_or(0)]
    }

    fn scale(&self, features: &[f64; FEATURES]) -> [f64; FEATURES + 1] {
        let mut row = [1.0; FEATURES + 1];
        for (place, value) in features.iter().enumerate() {
            row[place] = (value - self.mean[place]) / self.deviation[place];
        }
        row
    }
}

fn gradient(weights: &Weights, rows: &[([f64; FEATURES + 1], Archetype)]) -> Weights {
    let mut gradient = [[0.0; FEATURES + 1]; CLASSES.len()];
    for (row, truth) in rows {
        let chances = chances(weights, row);
        for (class, slope) in gradient.iter_mut().enumerate() {
            let error = chances[class] - f64::from(u8::from(CLASSES[class] == *truth));
            for (slope, value) in slope.iter_mut().zip(row) {
                *slope += error * value;
            }
        }
    }
    gradient
}

fn chances(weights: &Weights, row: &[f64; FEATURES + 1]) -> [f64; CLASSES.len()] {
    let logits = weights.map(|weights| weights.iter().zip(row).map(|(weight, value)| weight * value).sum::<f64>());
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let odds = logits.map(|logit| (logit - top).exp());
    let sum: f64 = odds.iter().sum();
    odds.map(|odds| odds / sum)
}

fn moments(examples: &[&Example]) -> ([f64; FEATURES], [f64; FEATURES]) {
    let n = examples.len() as f64;
    let mean: [f64; FEATURES] = std::array::from_fn(|place| examples.iter().map(|example| example.features[place]).sum::<f64>() / n);
    let deviation = std::array::from_fn(|place| {
        let squares = examples.iter().map(|example| (example.features[place] - mean[place]).powi(2));
        (squares.sum::<f64>() / n).sqrt().max(1e-9)
    });
    (mean, deviation)
}
