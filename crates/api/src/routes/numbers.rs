//! The numbers of channels and publications, as they were counted day by day.

use crate::{
    access::{Member, Read},
    body::{Id, Query},
    problem::{Problem, Result},
    state::Api,
};
use axum::{Json, extract::State};
use crier_model::{
    ChannelId, Metric, PublicationId, Timestamp,
    metric::{MetricUnit, Per, Series},
};
use crier_networks::Abilities;
use crier_store::{channels, numbers, publications};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(channel_metrics)).routes(routes!(publication_metrics))
}

/// How far back a channel's numbers go where nothing is asked.
const USUAL_DAYS: i64 = 30;
/// The most days in one answer.
const MOST_DAYS: i32 = 400;

/// A metric on one day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MetricPoint {
    /// In UTC.
    #[schema(value_type = String, format = Date)]
    day: Date,
    value: i64,
}

/// One metric, day by day; days on which nobody looked are left out.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MetricSeries {
    metric: Metric,
    unit: MetricUnit,
    /// Whether a point says how it stood on that day, or what that day brought.
    per: Per,
    points: Vec<MetricPoint>,
}

/// What is known of a channel or a publication.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Numbers)]
pub(crate) struct NumbersOut {
    /// Whether the network tells such numbers at all.
    told: bool,
    /// When the network was last asked; none before the first time.
    #[schema(value_type = Option<String>, format = DateTime)]
    looked_at: Option<Timestamp>,
    /// Why it told nothing then.
    said: Option<String>,
    series: Vec<MetricSeries>,
}

impl NumbersOut {
    fn of(told: bool, numbers: numbers::Numbers) -> Self {
        let series = |series: Series| MetricSeries {
            metric: series.metric,
            unit: series.metric.unit(),
            per: series.per,
            points: series.points.into_iter().map(|(day, value)| MetricPoint { day, value }).collect(),
        };
        Self {
            told,
            looked_at: numbers.looked_at,
            said: numbers.said,
            series: numbers.series.into_iter().map(series).collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Days {
    from: Option<Date>,
    to: Option<Date>,
}

/// A channel's numbers for the days `from` to `to`, both included: the last thirty when left out.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/channels/{id}/metrics", tag = "Channels",
    params(("from" = Option<String>, Query, format = Date), ("to" = Option<String>, Query, format = Date)),
    responses((status = 200, body = NumbersOut))
)]
async fn channel_metrics(
    member: Member<Read>,
    Id(id): Id<ChannelId>,
    Query(days): Query<Days>,
    State(api): State<Api>,
) -> Result<Json<NumbersOut>> {
    let channel = channels::get(&api.store, member.id(), id).await?;
    let to = days.to.unwrap_or_else(|| TimeZone::UTC.to_datetime(api.store.now()).date());
    let from = days.from.unwrap_or_else(|| to.saturating_sub((USUAL_DAYS - 1).days()));
    if from > to {
        let message = format!("{from} is after {to}.");
        return Err(Problem::wrong("/from", "days.order", message, "Give the earlier day as `from`."));
    }
    if from < to.saturating_sub(i64::from(MOST_DAYS).days()) {
        let message = format!("There are more than {MOST_DAYS} days between {from} and {to}.");
        return Err(Problem::wrong("/from", "days.many", message, "Ask for fewer days at once."));
    }
    let abilities = api.registry.get(&channel.network).map(Abilities::of);
    let numbers = numbers::of_channel(&api.store, id, from, to).await?;
    Ok(Json(NumbersOut::of(abilities.is_some_and(|it| it.channel_metrics), numbers)))
}

/// A publication's numbers since it was published: those of its first part.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/publications/{id}/metrics", tag = "Publications",
    responses((status = 200, body = NumbersOut))
)]
async fn publication_metrics(
    member: Member<Read>,
    Id(id): Id<PublicationId>,
    State(api): State<Api>,
) -> Result<Json<NumbersOut>> {
    let publication = publications::get(&api.store, member.id(), id).await?;
    let abilities = api.registry.get(&publication.network).map(Abilities::of);
    let numbers = numbers::of_publication(&api.store, id).await?;
    Ok(Json(NumbersOut::of(abilities.is_some_and(|it| it.post_metrics), numbers)))
}
