//! The smallest value of a smooth function of a few numbers.

/// Steps after which the search is given up; a fit takes some thirty.
const STEPS: usize = 400;
/// A slope this flat is the bottom.
const FLAT: f64 = 1e-7;
/// No coordinate goes further; they are logarithms.
const FURTHEST: f64 = 18.0;

/// A value, and the slope in every direction.
pub(super) type Slope<const N: usize> = (f64, [f64; N]);

/// BFGS with a backtracking line search (Nocedal and Wright, Numerical Optimization, 2006, algorithm 6.1 and section 3.1). Gives the lowest
/// point found; where that lies at the bound, the function has no bottom.
pub(super) fn minimise<const N: usize>(start: [f64; N], function: impl Fn(&[f64; N]) -> Slope<N>) -> [f64; N] {
    let mut at = start;
    let (mut value, mut slope) = function(&at);
    let mut inverse = identity::<N>();
    for _ in 0..STEPS {
        if slope.iter().all(|slope| slope.abs() < FLAT) {
            break;
        }
        let mut direction = times(&inverse, &slope).map(|part| -part);
        if dot(&direction, &slope) >= 0.0 {
            inverse = identity();
            direction = slope.map(|part| -part);
        }
        let Some((next, next_value, next_slope)) = line_search(&at, value, &slope, &direction, &function) else {
            // A bad curvature is forgotten once; with none, this is as low as digits go.
            if inverse == identity() {
                break;
            }
            inverse = identity();
            continue;
        };
        let moved: [f64; N] = std::array::from_fn(|place| next[place] - at[place]);
        let bent: [f64; N] = std::array::from_fn(|place| next_slope[place] - slope[place]);
        update(&mut inverse, &moved, &bent);
        (at, value, slope) = (next, next_value, next_slope);
    }
    at
}

/// A point in `direction` that is lower by a fair part of what the slope promises.
fn line_search<const N: usize>(
    at: &[f64; N],
    value: f64,
    slope: &[f64; N],
    direction: &[f64; N],
    function: &impl Fn(&[f64; N]) -> Slope<N>,
) -> Option<([f64; N], f64, [f64; N])> {
    let longest = direction.iter().fold(0.0, |longest: f64, part| longest.max(part.abs()));
    // A logarithm that moves by two is a factor of seven: far enough for one step.
    let mut length = (2.0 / longest).min(1.0);
    for _ in 0..50 {
        let next: [f64; N] = std::array::from_fn(|place| (at[place] + length * direction[place]).clamp(-FURTHEST, FURTHEST));
        let (next_value, next_slope) = function(&next);
        if next_value.is_finite() && next_value < value && next_value <= value + 1e-4 * length * dot(direction, slope) {
            return Some((next, next_value, next_slope));
        }
        length /= 2.0;
    }
    None
}

/// Takes what a step told of the curvature into the inverse of the second derivatives.
fn update<const N: usize>(inverse: &mut [[f64; N]; N], moved: &[f64; N], bent: &[f64; N]) {
    let along = dot(moved, bent);
    if along <= 1e-14 {
        return;
    }
    let spread = times(inverse, bent);
    let scale = (1.0 + dot(bent, &spread) / along) / along;
    for row in 0..N {
        for column in 0..N {
            inverse[row][column] +=
                scale * moved[row] * moved[column] - (spread[row] * moved[column] + moved[row] * spread[column]) / along;
        }
    }
}

fn identity<const N: usize>() -> [[f64; N]; N] {
    std::array::from_fn(|row| std::array::from_fn(|column| f64::from(u8::from(row == column))))
}

fn times<const N: usize>(matrix: &[[f64; N]; N], vector: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|row| dot(&matrix[row], vector))
}

fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_of_a_bent_valley_is_found() {
        // Rosenbrock 1960: at (1, 1), behind a curved valley.
        let valley = |at: &[f64; 2]| {
            let (x, y) = (at[0], at[1]);
            let (along, across) = (1.0 - x, y - x * x);
            (along * along + 100.0 * across * across, [-2.0 * along - 400.0 * across * x, 200.0 * across])
        };
        let found = minimise([-1.2, 1.0], valley);
        assert!(found.iter().all(|part| (part - 1.0).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn what_has_no_bottom_ends_at_the_bound() {
        assert!(minimise([0.0], |at| (-at[0], [-1.0]))[0] > 17.9);
    }
}
