//! Why a purchase model cannot be fitted.

/// Nothing here goes away by trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// There is nobody to learn from, and no prior to stand in.
    #[error("no customer to fit a purchase model to")]
    Nobody,
    /// The likelihood rises without end: these customers do not tell the parameters apart, and no prior does.
    #[error("the purchase model's parameters run away; fit it with a prior")]
    Unbounded,
}
