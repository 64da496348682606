//! Files on their way to Reddit: a place is asked for, and the file brought to the storage behind it.

use super::API;
use super::refusal::refine;
use crate::publish::{Cx, Item, MediaItem};
use crate::{Detail, Refusal, call};
use crier_net::Multipart;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Files that no post has taken are kept for some time that Reddit does not tell.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);
const UPLOAD: Duration = Duration::from_secs(300);

/// A file as posts name it.
#[derive(Serialize, Deserialize)]
pub struct File {
    /// In a gallery.
    pub id: String,
    /// Anywhere else.
    pub url: String,
}

#[derive(Deserialize)]
struct Lease {
    args: Place,
    asset: Asset,
}

#[derive(Deserialize)]
struct Asset {
    asset_id: String,
}

/// Where the file is to be brought, and what goes with it.
#[derive(Deserialize)]
struct Place {
    /// Without its scheme.
    action: String,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    value: String,
}

pub async fn uploads(cx: &Cx<'_>, item: &Item) -> Result<Vec<File>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| upload(cx, media)).await
}

async fn upload(cx: &Cx<'_>, media: &MediaItem) -> Result<File, Refusal> {
    let request = cx.net.post(format!("{API}/api/media/asset.json"));
    let request = request.query(&[("raw_json", "1")]).form(&[("filepath", &media.name), ("mimetype", &media.mime)]);
    let request = request.bearer(cx.credentials.access_token.expose());
    let Lease { args, asset } = call::ask(request, cx.credentials, refine).await?;
    let storage = format!("https:{}", args.action);
    let key = args.fields.iter().find(|field| field.name == "key").map(|field| field.value.clone());
    let key = key.ok_or_else(|| Refusal::Temporary(Detail::new("Reddit named no place for the file")))?;
    let form = args.fields.iter().fold(Multipart::new(), |form, field| form.text(&field.name, &field.value));
    let form = form.part("file", &media.name, &media.mime, cx.body(media).await?);
    // The storage is others', to which the token is none of its business.
    let request = cx.net.post(&storage).multipart(form).timeout(media.upload_time(UPLOAD));
    call::send(request, cx.credentials, |refusal| refusal).await.map_err(Refusal::harmless)?;
    Ok(File { id: asset.asset_id, url: format!("{storage}/{key}") })
}
