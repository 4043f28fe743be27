//! What opens the door and what does not.
