//! Nothing here: everything is in `suite/`.
