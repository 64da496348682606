//! What an app may be allowed.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Scope {
    #[serde(rename = "profile")]
    Profile,
    #[serde(rename = "posts:read")]
    PostsRead,
    #[serde(rename = "posts:write")]
    PostsWrite,
    #[serde(rename = "media:write")]
    MediaWrite,
    #[serde(rename = "metrics:read")]
    MetricsRead,
    #[serde(rename = "pages:manage")]
    PagesManage,
}

impl Scope {
    pub(crate) const ALL: [Scope; 6] = [
        Scope::Profile,
        Scope::PostsRead,
        Scope::PostsWrite,
        Scope::MediaWrite,
        Scope::MetricsRead,
        Scope::PagesManage,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Scope::Profile => "profile",
            Scope::PostsRead => "posts:read",
            Scope::PostsWrite => "posts:write",
            Scope::MediaWrite => "media:write",
            Scope::MetricsRead => "metrics:read",
            Scope::PagesManage => "pages:manage",
        }
    }

    /// What the consent page says it means.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Scope::Profile => "See your handle, name and picture",
            Scope::PostsRead => "Read your posts",
            Scope::PostsWrite => "Post, reply and delete posts as you",
            Scope::MediaWrite => "Upload pictures as you",
            Scope::MetricsRead => "See likes, replies and views of your posts",
            Scope::PagesManage => "List your pages and act as them",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A set of scopes, written as OAuth does: names with a space between.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Scopes(BTreeSet<Scope>);

impl Scopes {
    pub(crate) fn all() -> Self {
        Scopes(Scope::ALL.into())
    }

    /// Reads a `scope` parameter; the error is the first name that is no scope.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        text.split(' ')
            .filter(|name| !name.is_empty())
            .map(|name| Scope::named(name).ok_or_else(|| name.to_owned()))
            .collect::<Result<_, _>>()
            .map(Scopes)
    }

    pub(crate) fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    pub(crate) fn within(&self, other: &Scopes) -> bool {
        self.0.is_subset(&other.0)
    }

    pub(crate) fn and(&self, other: &Scopes) -> Scopes {
        Scopes(self.0.intersection(&other.0).copied().collect())
    }

    pub(crate) fn without(&self, taken: &[Scope]) -> Scopes {
        Scopes(self.iter().filter(|scope| !taken.contains(scope)).collect())
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Scopes(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_parameter() {
        let scopes = Scopes::parse("posts:write  profile profile").unwrap();
        assert_eq!(scopes.to_string(), "profile posts:write");
        assert_eq!(Scopes::parse("profile admin"), Err("admin".to_owned()));
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), serde_json::Value::from(scope.name()));
        }
    }
}
