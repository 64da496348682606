//! Who may do what in a workspace.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A member's role. The order is the order of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Editor,
    Approver,
    Admin,
    Owner,
}

/// What a request wants to do; each maps to the least role that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See posts, channels, media and settings.
    Read,
    /// Write posts and media, run them, move them.
    Write,
    /// Connect, reconnect, disable or delete channels.
    ManageChannels,
    /// Change the workspace, its keys and its members.
    ManageWorkspace,
}

impl Role {
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        let least = match permission {
            Permission::Read => Self::Viewer,
            Permission::Write => Self::Editor,
            Permission::ManageChannels | Permission::ManageWorkspace => Self::Admin,
        };
        self >= least
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Approver => "approver",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A stored word that names no value of its type: the database is newer than the program, or damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{word}” is not a {what}")]
pub struct UnknownWord {
    pub what: &'static str,
    pub word: String,
}

impl FromStr for Role {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Viewer, Self::Editor, Self::Approver, Self::Admin, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == s)
            .ok_or_else(|| UnknownWord { what: "role", word: s.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Permission, Role};

    #[test]
    fn a_viewer_only_reads_and_an_editor_does_not_manage() {
        assert!(Role::Viewer.may(Permission::Read));
        assert!(!Role::Viewer.may(Permission::Write));
        assert!(Role::Editor.may(Permission::Write));
        assert!(!Role::Editor.may(Permission::ManageChannels));
        assert!(Role::Owner.may(Permission::ManageWorkspace));
    }
}
