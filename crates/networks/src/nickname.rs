//! What an account is called where it posts, in networks that let it choose.

use crate::{Refusal, choosing::Access};
use async_trait::async_trait;

/// A network whose accounts may have a name of their own in each place they post to.
#[async_trait]
pub trait Nickname: Send + Sync {
    /// The longest one, in characters.
    fn max(&self) -> usize;

    /// Gives the account this name there, or takes it back where it is empty.
    async fn be_called(&self, access: &Access<'_>, name: &str) -> Result<(), Refusal>;
}
