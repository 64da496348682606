//! What is counted of a channel and of a post.

use crate::permission::UnknownWord;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// One kind of number, the same word for every network whatever it calls it (favourites are likes, boosts are reposts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// People who follow a channel: followers, subscribers, members.
    Followers,
    /// Posts there are.
    Posts,
    /// Times it was looked at.
    Views,
    /// Times it was shown, looked at or not.
    Impressions,
    /// People whom it was shown to.
    Reach,
    /// Likes, favourites, votes for it, reactions of any kind.
    Likes,
    /// Votes against it.
    Dislikes,
    /// Replies and comments.
    Replies,
    /// Reposts, boosts, shares.
    Reposts,
    Quotes,
    /// Bookmarks and saves.
    Bookmarks,
    Clicks,
    /// How long it was watched.
    WatchTime,
}

/// In what a metric is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricUnit {
    Count,
    Seconds,
}

impl Metric {
    /// In the order they are shown.
    pub const ALL: [Self; 13] = [
        Self::Followers,
        Self::Posts,
        Self::Views,
        Self::Impressions,
        Self::Reach,
        Self::Likes,
        Self::Dislikes,
        Self::Replies,
        Self::Reposts,
        Self::Quotes,
        Self::Bookmarks,
        Self::Clicks,
        Self::WatchTime,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Followers => "followers",
            Self::Posts => "posts",
            Self::Views => "views",
            Self::Impressions => "impressions",
            Self::Reach => "reach",
            Self::Likes => "likes",
            Self::Dislikes => "dislikes",
            Self::Replies => "replies",
            Self::Reposts => "reposts",
            Self::Quotes => "quotes",
            Self::Bookmarks => "bookmarks",
            Self::Clicks => "clicks",
            Self::WatchTime => "watch_time",
        }
    }

    #[must_use]
    pub fn unit(self) -> MetricUnit {
        match self {
            Self::WatchTime => MetricUnit::Seconds,
            _ => MetricUnit::Count,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Metric {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|metric| metric.as_str() == s)
            .ok_or_else(|| UnknownWord { what: "metric", word: s.to_owned() })
    }
}

/// One number of a post, as it stands now, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Count {
    pub metric: Metric,
    pub value: i64,
}

impl Count {
    #[must_use]
    pub fn new(metric: Metric, value: i64) -> Self {
        Self { metric, value }
    }
}

/// What a point of a series says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// How it stood on that day (followers).
    Total,
    /// What that day brought (views of a day).
    Day,
}

/// One metric of a channel, day by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    pub metric: Metric,
    pub per: Per,
    /// Days in UTC, in order.
    pub points: Vec<(Date, i64)>,
}

impl Series {
    /// A number that the network tells only as it stands on `day`.
    #[must_use]
    pub fn standing(metric: Metric, day: Date, value: i64) -> Self {
        Self { metric, per: Per::Total, points: vec![(day, value)] }
    }
}

#[cfg(test)]
mod tests {
    use super::Metric;

    #[test]
    fn every_metric_reads_back_from_its_word() {
        for metric in Metric::ALL {
            assert_eq!(metric.as_str().parse(), Ok(metric));
            assert_eq!(serde_json::to_value(metric).unwrap(), metric.as_str());
        }
    }
}
