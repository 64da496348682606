//! Media in a bucket of a server by others: in pieces, shared by nodes, looked at by the doctor, in backups. `peers/README.md` says how it is
//! started.

use crate::place::{Place, Server, client, free, said};
use bytes::Bytes;
use crier_media::{Bucket, Storage, StorageError};
use crier_net::{Answer, Multipart};
use futures::TryStreamExt;
use serde_json::Value;
use std::{fs, ops::Deref, process::Command};

const PEER: &str = "CRIER_PEER_S3";
/// A picture of one pixel.
const PIXEL: &str = "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da6364f8cf500f00038601805a347d6b0000000049454e44ae426082";

fn peer() -> Value {
    serde_json::from_str(&std::env::var(PEER).expect("peers/s3-server runs")).unwrap()
}

fn text(value: &Value, at: &str) -> String {
    value.pointer(at).and_then(Value::as_str).unwrap_or_else(|| panic!("{at} is no text in {value}")).to_owned()
}

/// The peer's bucket, with a part of it to ourselves.
fn bucket(prefix: &str) -> Bucket {
    let peer = peer();
    Bucket {
        name: text(&peer, "/bucket"),
        region: text(&peer, "/region"),
        endpoint: Some(text(&peer, "/url").parse().unwrap()),
        path_style: true,
        access_key_id: text(&peer, "/owner/access_key_id"),
        secret_access_key: text(&peer, "/owner/secret_access_key").into(),
        prefix: format!("{prefix}-{}/", std::process::id()),
    }
}

async fn kept(storage: &Storage) -> Vec<(String, u64)> {
    let mut kept: Vec<_> = storage.all().try_collect().await.unwrap();
    kept.sort();
    kept
}

/// A place that keeps its media in the peer's bucket.
struct Shop {
    place: Place,
    bucket: Bucket,
}

impl Deref for Shop {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Shop {
    fn new(prefix: &str) -> Self {
        Self::with(Place::on_sqlite(), bucket(prefix))
    }

    fn with(place: Place, bucket: Bucket) -> Self {
        let settings = vec![
            ("S3_BUCKET", bucket.name.clone()),
            ("S3_ENDPOINT", bucket.endpoint.as_ref().unwrap().to_string()),
            ("S3_PREFIX", bucket.prefix.clone()),
            ("AWS_ACCESS_KEY_ID", bucket.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", bucket.secret_access_key.expose().to_owned()),
        ];
        Self { place: Place { settings, ..place }, bucket }
    }

    /// Another node: a folder of its own, and the rest shared.
    fn another(&self) -> Self {
        let place = Place { database: self.database.clone(), ..Place::on_sqlite() };
        fs::copy(self.path("secret.key"), place.path("secret.key")).unwrap();
        Self::with(place, self.bucket.clone())
    }

    fn storage(&self) -> Storage {
        Storage::bucket(&self.bucket, &client(), &self.path("scratch")).unwrap()
    }
}

impl Server {
    async fn upload(&self, key: &str, workspace: &str) -> Answer {
        let form = Multipart::new().file("file", "pixel.png", "image/png", hex::decode(PIXEL).unwrap());
        let url = format!("{}/api/v1/{workspace}/media", self.address);
        self.client.post(url).bearer(key).multipart(form).send().await.unwrap()
    }

    async fn file(&self, key: &str, path: &str, range: Option<&str>) -> Answer {
        let mut request = self.client.get(format!("{}{path}", self.address)).bearer(key);
        if let Some(range) = range {
            request = request.header("range", range);
        }
        request.send().await.unwrap()
    }
}

#[tokio::test]
#[ignore = "needs peers/s3-server"]
async fn peer_s3_takes_a_large_file_in_pieces_and_gives_any_part_of_it() {
    let place = Shop::new("pieces");
    let storage = place.storage();
    let large: Vec<u8> = (0..23_000_001u32).flat_map(|i| (i / 3).to_le_bytes().into_iter().take(1)).collect();
    let file = place.path("large");
    fs::write(&file, &large).unwrap();
    storage.put_file("a/media/large.mp4", &file).await.unwrap();
    storage.put_file("a/media/other.mp4", &file).await.unwrap();
    let size = large.len() as u64;
    assert_eq!(storage.size("a/media/large.mp4").await.unwrap(), size);
    assert_eq!(
        storage.piece("a/media/large.mp4", 10_485_000..10_486_000).await.unwrap(),
        large[10_485_000..10_486_000]
    );
    let pieces: Vec<Bytes> = storage.stream("a/media/large.mp4", 5..size).await.unwrap().try_collect().await.unwrap();
    assert!(pieces.len() > 1 && pieces.concat() == large[5..], "{} pieces", pieces.len());
    assert_eq!(kept(&storage).await, ["large", "other"].map(|name| (format!("a/media/{name}.mp4"), size)));
    storage.delete("a/media/large.mp4").await.unwrap();
    storage.delete("a/media/large.mp4").await.unwrap();
    assert!(matches!(storage.get("a/media/large.mp4").await, Err(StorageError::Missing)));
    assert!(matches!(storage.size("a/media/large.mp4").await, Err(StorageError::Missing)));
    storage.delete("a/media/other.mp4").await.unwrap();
    assert_eq!(kept(&storage).await, []);
}

#[tokio::test]
#[ignore = "needs peers/s3-server"]
async fn peer_s3_is_shared_by_processes_and_found_again_after_a_restart() {
    let place = Shop::new("nodes");
    let (key, workspace) = place.person();
    let one = place.serve().await;
    let answer = one.upload(&key, &workspace).await;
    assert_eq!(answer.status(), 201, "{}", answer.text());
    let file: Value = answer.json().unwrap();
    let pixel = hex::decode(PIXEL).unwrap();

    let other_place = place.another();
    let other = other_place.serve().await;
    let whole = other.file(&key, &text(&file, "/url"), None).await;
    assert_eq!((whole.status(), whole.body().as_ref()), (200, pixel.as_slice()));
    let range = other.file(&key, &text(&file, "/url"), Some("bytes=1-3")).await;
    assert_eq!((range.status(), range.body().as_ref()), (206, b"PNG".as_slice()));
    assert_eq!(range.header("content-range").unwrap(), format!("bytes 1-3/{}", pixel.len()));
    drop((one, other));

    let again = place.serve().await;
    assert_eq!(again.file(&key, &text(&file, "/thumbnail_url"), None).await.status(), 200);
    assert!(!place.path("media").exists(), "nothing is kept in the data folder");
    let kinds: Vec<String> =
        kept(&place.storage()).await.iter().map(|(key, _)| key.split('/').nth(1).unwrap().to_owned()).collect();
    assert_eq!(kinds, ["media", "thumbnails"]);
    let url = format!("{}/api/v1/{workspace}/media/{}", again.address, text(&file, "/id"));
    assert_eq!(again.client.delete(url).bearer(&key).send().await.unwrap().status(), 204);
    assert_eq!(kept(&place.storage()).await, []);
}

/// What the doctor says of the storage.
fn examined(mut command: Command) -> Value {
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    let rows = report["checks"].as_array().unwrap();
    rows.iter().find(|row| row["area"] == "storage").unwrap().clone()
}

#[tokio::test]
#[ignore = "needs peers/s3-server"]
async fn peer_s3_is_looked_at_by_the_doctor_who_says_what_to_mend() {
    let place = Shop::new("doctor");
    let peer = peer();
    let command = || place.command(&["doctor", "wordpress", "--json"]);
    let well = examined(command());
    assert_eq!(well["ok"], true, "{well}");
    assert!(text(&well, "/title").contains("the bucket “media” at 127.0.0.1:"), "{well}");
    let nobody = format!("http://{}", free());
    for (changes, cause, fix) in [
        (vec![("S3_BUCKET", "nowhere".to_owned())], "there is not the bucket “nowhere”", "s3_bucket"),
        (vec![("AWS_ACCESS_KEY_ID", "unknown".to_owned())], "not known there", "s3_access_key_id"),
        (vec![("AWS_SECRET_ACCESS_KEY", "another".to_owned())], "not that of the access key", "s3_secret_access_key"),
        (
            vec![
                ("AWS_ACCESS_KEY_ID", text(&peer, "/reader/access_key_id")),
                ("AWS_SECRET_ACCESS_KEY", text(&peer, "/reader/secret_access_key")),
            ],
            "does not let the access key",
            "s3:PutObject",
        ),
        (vec![("S3_ENDPOINT", nobody)], "was not reached", "s3_endpoint"),
        (vec![("CRIER_EGRESS_ALLOW", String::new())], "was not reached", "egress_allow"),
    ] {
        let mut command = command();
        command.envs(changes.iter().map(|(name, value)| (*name, value)));
        let row = examined(command);
        assert!(text(&row, "/wrong/cause").contains(cause) && text(&row, "/wrong/fix/0").contains(fix), "{row}");
        let secret = text(&peer, "/owner/secret_access_key");
        assert!(row["ok"] == false && !row.to_string().contains(&secret), "{row}");
    }
    assert_eq!(kept(&place.storage()).await, [], "it leaves nothing behind");
}

#[tokio::test]
#[ignore = "needs peers/s3-server"]
async fn peer_s3_has_its_files_in_backups() {
    let place = Shop::new("backup");
    let (key, workspace) = place.person();
    let server = place.serve().await;
    let file: Value = server.upload(&key, &workspace).await.json().unwrap();
    place.ok(&["backup", "--to", "b.tar", "--with-key"]);
    drop(server);

    let elsewhere = Shop::new("restored");
    let tar = place.path("b.tar");
    let tar = tar.to_str().unwrap();
    let told = place.another().command(&["restore", tar]).output().unwrap();
    assert!(
        !told.status.success() && said(&told).contains("--s3-bucket: media holds files already"),
        "{}",
        said(&told)
    );
    elsewhere.ok(&["restore", tar]);
    assert_eq!(kept(&elsewhere.storage()).await, kept(&place.storage()).await);
    let server = elsewhere.serve().await;
    assert_eq!(server.file(&key, &text(&file, "/url"), None).await.body().as_ref(), hex::decode(PIXEL).unwrap());
}
