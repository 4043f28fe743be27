//! Sharing an amount out over lines without losing a cent.

/// Shares `total` out in proportion to `weights`; the parts always add up to `total`. Each part is the difference of two rounded
/// running sums, so it is off by less than one unit and equal input gives equal parts. Where no weight is positive, all weigh alike.
///
/// Negative weights count as zero. No weights, no parts.
#[must_use]
pub fn share(total: i64, weights: &[i64]) -> Vec<i64> {
    let all_alike = !weights.iter().any(|weight| *weight > 0);
    let weight_of = |weight: &i64| if all_alike { 1 } else { i128::from((*weight).max(0)) };
    let sum: i128 = weights.iter().map(weight_of).sum();
    let (mut weighed, mut given) = (0_i128, 0_i128);
    weights
        .iter()
        .map(|weight| {
            weighed += weight_of(weight);
            let up_to_here = i128::from(total) * weighed / sum;
            let part = up_to_here - given;
            given = up_to_here;
            // A part lies between 0 and `total`, so it always fits.
            i64::try_from(part).unwrap_or_default()
        })
        .collect()
}
