//! The numbers of channels and posts: what was counted on which day, kept for as long as the channel and the post are, and when to look
//! again.

use crate::{
    Store, Tx,
    column::{maybe_time, ms, time, word},
    connection::rows_of,
    due::{self, NewWork},
    error::{Result, StoreError},
    publications::Publication,
};
use crier_model::{
    ChannelId, Metric, PublicationId, WorkspaceId,
    metric::{Count, Per, Series},
};
use jiff::{Timestamp, civil::Date};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use serde_json::Value as Json;

/// A publication whose numbers are due to be looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub publication: PublicationId,
    /// The network's ids of its parts, in the engine's shape.
    pub remote: Json,
    pub published_at: Timestamp,
}

/// What a look at a publication came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    pub publication: PublicationId,
    /// None where nothing was told.
    pub counts: Vec<Count>,
    /// When to look again; none for never.
    pub next: Option<Timestamp>,
    /// Why nothing was told.
    pub said: Option<String>,
}

/// What is known of a channel or a post.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// When was last looked, and told something or not.
    pub looked_at: Option<Timestamp>,
    /// Why the last look told nothing.
    pub said: Option<String>,
    /// In the order of [`Metric::ALL`].
    pub series: Vec<Series>,
}

/// From now on the numbers of these publications are looked at, first at these times.
pub(crate) async fn begin_in(tx: &mut Tx, looks: &[(Publication, Timestamp)]) -> Result<()> {
    if looks.is_empty() {
        return Ok(());
    }
    let mut values = Vec::new();
    let row = |(Publication { id, channel, .. }, look_at): &(Publication, Timestamp)| {
        [id.0.into(), channel.0.into(), ms(*look_at).into()]
    };
    let rows = rows_of(looks.iter().map(row), &mut values);
    let sql = format!(
        "INSERT INTO publication_look (publication_id, channel_id, look_at) {rows} \
         ON CONFLICT (publication_id) DO UPDATE SET look_at = excluded.look_at"
    );
    tx.execute(&sql, values).await?;
    let work = |(published, at): &(Publication, Timestamp)| {
        NewWork::new(published.workspace, due::kind::NUMBERS, published.channel, *at)
    };
    due::sooner_in(tx, &looks.iter().map(work).collect::<Vec<_>>()).await
}

/// Channels that nobody has looked at yet, with their networks.
pub async fn unseen_channels(store: &Store) -> Result<Vec<(ChannelId, WorkspaceId, String)>> {
    let sql = "SELECT id, workspace_id, network FROM channel WHERE deleted_at IS NULL AND state = 'active' \
               AND NOT EXISTS (SELECT 1 FROM channel_look WHERE channel_look.channel_id = channel.id)";
    let rows = store.reader().query_all_raw(store.statement(sql, [])).await?;
    let read = |row: &QueryResult| {
        let (id, workspace) = (row.try_get("", "id")?, row.try_get("", "workspace_id")?);
        Ok((ChannelId(id), WorkspaceId(workspace), row.try_get("", "network")?))
    };
    rows.iter().map(read).collect()
}

/// The publications of a channel that are to be looked at by now, those that wait longest first.
pub async fn due(store: &Store, channel: ChannelId, now: Timestamp, limit: u64) -> Result<Vec<Look>> {
    let sql = "SELECT publication.id, publication.remote, publication.published_at FROM publication_look \
               JOIN publication ON publication.id = publication_look.publication_id \
               WHERE publication_look.channel_id = $1 AND publication_look.look_at <= $2 \
               ORDER BY publication_look.look_at LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [channel.0.into(), ms(now).into(), limit.into()];
    let rows = store.reader().query_all_raw(store.statement(sql, values)).await?;
    let read = |row: &QueryResult| {
        let remote: Option<String> = row.try_get("", "remote")?;
        let published_at: Option<i64> = row.try_get("", "published_at")?;
        Ok(Look {
            publication: PublicationId(row.try_get("", "id")?),
            remote: crate::column::maybe_from_json(remote.as_deref(), "remote ids")?.unwrap_or_default(),
            published_at: maybe_time(published_at)?.unwrap_or(Timestamp::UNIX_EPOCH),
        })
    };
    rows.iter().map(read).collect()
}

/// When a publication of the channel is to be looked at next.
pub async fn next_look(store: &Store, channel: ChannelId) -> Result<Option<Timestamp>> {
    let sql = "SELECT MIN(look_at) AS next FROM publication_look WHERE channel_id = $1 AND look_at IS NOT NULL";
    let row = store.reader().query_one_raw(store.statement(sql, [channel.0.into()])).await?;
    maybe_time(row.map(|row| row.try_get("", "next")).transpose()?.flatten())
}

/// When the channel itself was last looked at.
pub async fn channel_looked_at(store: &Store, channel: ChannelId) -> Result<Option<Timestamp>> {
    let sql = "SELECT looked_at FROM channel_look WHERE channel_id = $1";
    let row = store.reader().query_one_raw(store.statement(sql, [channel.0.into()])).await?;
    row.map(|row| time(row.try_get("", "looked_at")?)).transpose()
}

/// Keeps what was told of publications of a channel on this day: the last word of a day counts.
pub async fn keep_posts(store: &Store, channel: ChannelId, day: Date, looked: &[Looked]) -> Result<()> {
    let tx = store.begin().await?;
    let now = ms(tx.now());
    for some in looked.chunks(100) {
        let mut marks = Marks::default();
        for one in some {
            for Count { metric, value } in &one.counts {
                marks.row([one.publication.0.into(), day.to_string().into(), metric.as_str().into(), (*value).into()]);
            }
        }
        marks
            .insert(
                &tx,
                "publication_metric (publication_id, day, metric, value)",
                "(publication_id, day, metric) DO UPDATE SET value = excluded.value",
            )
            .await?;
        let mut marks = Marks::default();
        for Looked { publication, next, said, .. } in some {
            let next = next.map(ms);
            marks.row([publication.0.into(), channel.0.into(), next.into(), now.into(), said.clone().into()]);
        }
        marks
            .insert(
                &tx,
                "publication_look (publication_id, channel_id, look_at, looked_at, said)",
                "(publication_id) DO UPDATE SET look_at = excluded.look_at, looked_at = excluded.looked_at, said = excluded.said",
            )
            .await?;
    }
    tx.commit().await
}

/// Keeps what was told of a channel, or why nothing was.
pub async fn keep_channel(store: &Store, channel: ChannelId, told: std::result::Result<&[Series], &str>) -> Result<()> {
    let tx = store.begin().await?;
    let sql = "INSERT INTO channel_look (channel_id, looked_at, said) VALUES ($1, $2, $3) \
               ON CONFLICT (channel_id) DO UPDATE SET looked_at = excluded.looked_at, said = excluded.said";
    tx.execute(sql, [channel.0.into(), ms(tx.now()).into(), told.err().into()]).await?;
    let points = told.unwrap_or_default().iter().flat_map(|series| {
        series.points.iter().map(move |(day, value)| -> [Value; 5] {
            let metric = series.metric.as_str();
            [channel.0.into(), metric.into(), day.to_string().into(), per_word(series.per).into(), (*value).into()]
        })
    });
    let points: Vec<_> = points.collect();
    for some in points.chunks(1000) {
        let mut marks = Marks::default();
        for point in some {
            marks.row(point.clone());
        }
        marks
            .insert(
                &tx,
                "channel_metric (channel_id, metric, day, per, value)",
                "(channel_id, metric, day) DO UPDATE SET per = excluded.per, value = excluded.value",
            )
            .await?;
    }
    tx.commit().await
}

/// What is known of a channel for the days `from` to `to`, both included.
pub async fn of_channel(store: &Store, channel: ChannelId, from: Date, to: Date) -> Result<Numbers> {
    let sql = "SELECT metric, per, day, value FROM channel_metric WHERE channel_id = $1 AND day >= $2 AND day <= $3 ORDER BY day";
    let values = [channel.0.into(), from.to_string().into(), to.to_string().into()];
    let look = "SELECT looked_at, said FROM channel_look WHERE channel_id = $1";
    numbers(store, store.statement(look, [channel.0.into()]), store.statement(sql, values)).await
}

/// What is known of a publication, from the first day on.
pub async fn of_publication(store: &Store, publication: PublicationId) -> Result<Numbers> {
    let sql =
        "SELECT metric, 'total' AS per, day, value FROM publication_metric WHERE publication_id = $1 ORDER BY day";
    let look = "SELECT looked_at, said FROM publication_look WHERE publication_id = $1";
    let of = || [publication.0.into()];
    numbers(store, store.statement(look, of()), store.statement(sql, of())).await
}

async fn numbers(store: &Store, look: Statement, points: Statement) -> Result<Numbers> {
    // In this order: a look between the two may bring a newer point, and what is told is never older than its time.
    let looked = store.reader().query_one_raw(look).await?;
    let rows = store.reader().query_all_raw(points).await?;
    let mut numbers = Numbers::default();
    if let Some(looked) = looked {
        numbers.looked_at = maybe_time(looked.try_get("", "looked_at")?)?;
        numbers.said = looked.try_get("", "said")?;
    }
    for row in &rows {
        let metric: Metric = word(&row.try_get::<String>("", "metric")?)?;
        let day: String = row.try_get("", "day")?;
        let day: Date = day.parse().map_err(|_| StoreError::Damaged { what: "day" })?;
        let point = (day, row.try_get("", "value")?);
        match numbers.series.iter_mut().find(|series| series.metric == metric) {
            Some(series) => series.points.push(point),
            None => {
                let per = if row.try_get::<String>("", "per")? == per_word(Per::Day) { Per::Day } else { Per::Total };
                numbers.series.push(Series { metric, per, points: vec![point] });
            }
        }
    }
    numbers.series.sort_by_key(|series| series.metric);
    Ok(numbers)
}

fn per_word(per: Per) -> &'static str {
    match per {
        Per::Total => "total",
        Per::Day => "day",
    }
}

/// The rows of one statement that inserts many.
#[derive(Default)]
struct Marks {
    rows: Vec<String>,
    values: Vec<Value>,
}

impl Marks {
    fn row<const N: usize>(&mut self, row: [Value; N]) {
        let first = self.values.len() + 1;
        let marks: Vec<_> = (first..first + N).map(|i| format!("${i}")).collect();
        self.rows.push(format!("({})", marks.join(", ")));
        self.values.extend(row);
    }

    async fn insert(self, tx: &Tx, into: &str, on_conflict: &str) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let sql = format!("INSERT INTO {into} VALUES {} ON CONFLICT {on_conflict}", self.rows.join(", "));
        tx.execute(&sql, self.values).await.map(drop)
    }
}
