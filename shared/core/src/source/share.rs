//! Sharing an amount out over lines without losing a cent.

/// Shares `total` out in proportion to `weights`; the parts always add up to `total`. Each part is the difference of two rounded
/// running sums, so it is off by less than one unit and equal input gives equal parts. Where no weight is positive, all weigh alike.
///
/// Negative weights count as zero. No weights, no parts.
pub fn share(total: i64, weights: impl Iterator<Item = i64> + Clone) -> impl Iterator<Item = i64> + Clone {
    let all_alike = !weights.clone().any(|weight| weight > 0);
    let weights = weights.map(move |weight| if all_alike { 1 } else { i128::from(weight.max(0)) });
    let sum: i128 = weights.clone().sum();
    let (mut weighed, mut given) = (0_i128, 0_i128);
    weights.map(move |weight| {
        weighed += weight;
        let up_to_here = i128::from(total) * weighed / sum;
        let part = up_to_here - given;
        given = up_to_here;
        // A part lies between 0 and `total`, so it always fits.
        i64::try_from(part).unwrap_or_default()
    })
}
