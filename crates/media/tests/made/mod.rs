//! A library to try things in, and files made by ffmpeg, which `script/bootstrap test` installs.

use bytes::Bytes;
use crier_media::{Library, MediaError, Storage};
use crier_model::{Secret, UserId, WorkspaceId};
use crier_store::{
    media::Media,
    testing::{self, TestStore},
    users::{self, NewUser, Registration},
};
use std::process::Command;
use tempfile::TempDir;

pub struct House {
    pub library: Library,
    #[allow(dead_code, reason = "kept open, and asked by some of the tests")]
    pub store: TestStore,
    pub folder: TempDir,
    pub workspace: WorkspaceId,
    pub user: UserId,
}

impl House {
    pub async fn new() -> Self {
        let store = testing::open().await;
        let new = NewUser {
            email: "ada@example.org".into(),
            name: "Ada".into(),
            password_hash: Secret::new("x".to_owned()),
            time_zone: "Europe/Berlin".into(),
        };
        let (user, workspace) = users::sign_up(&store, new, "Ada's", Registration::Open).await.unwrap();
        let folder = TempDir::new().unwrap();
        let library = Library::new(store.clone(), Storage::folder(folder.path()).unwrap());
        Self { library, store, folder, workspace: workspace.id, user: user.id }
    }

    pub async fn add(&self, name: &str, bytes: impl Into<Bytes>) -> Result<Media, MediaError> {
        self.library.add(self.workspace, self.user, name, bytes.into()).await
    }

    /// Files lying in the folder.
    #[allow(dead_code, reason = "asked by some of the tests")]
    pub fn files(&self) -> usize {
        fn count(path: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
            entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
        }
        count(self.folder.path())
    }
}

/// How a video is to be made.
#[derive(Debug, Clone)]
pub struct Take {
    pub ending: &'static str,
    pub coding: Vec<&'static str>,
    pub size: &'static str,
    pub seconds: u32,
    /// Frames a second, as ffmpeg takes them.
    pub rate: &'static str,
}

impl Take {
    /// Two seconds of 320 × 180 pixels, 25 a second, and a tone.
    pub fn new(ending: &'static str, coding: &[&'static str]) -> Self {
        Self { ending, coding: coding.to_vec(), size: "320x180", seconds: 2, rate: "25" }
    }
}

pub fn film(take: &Take) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join(format!("a.{}", take.ending));
    let picture = format!("testsrc2=size={}:rate={}:duration={}", take.size, take.rate, take.seconds);
    let sound = format!("sine=frequency=440:duration={}", take.seconds);
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound])
        .args(&take.coding)
        .args(["-pix_fmt", "yuv420p"])
        .arg(&file)
        .output()
        .expect("ffmpeg is needed for this test: script/bootstrap test installs it");
    assert!(made.status.success(), "{take:?}: {}", String::from_utf8_lossy(&made.stderr));
    std::fs::read(file).unwrap()
}

/// The same video, to be shown a quarter turned.
#[allow(dead_code, reason = "used by some of the tests")]
pub fn turned(film: &[u8]) -> Vec<u8> {
    // The matrix of the track's head: 0 1 0, -1 0 0 in place of 1 0 0, 0 1 0.
    let head = film.windows(4).position(|name| name == b"tkhd").unwrap();
    let matrix = head + 4 + 40;
    let mut turned = film.to_vec();
    for (place, value) in [(0, 0u32), (1, 0x0001_0000), (3, 0xFFFF_0000), (4, 0)] {
        turned[matrix + place * 4..matrix + place * 4 + 4].copy_from_slice(&value.to_be_bytes());
    }
    turned
}

/// A file as ffmpeg makes another of it.
#[allow(dead_code, reason = "used by some of the tests")]
pub fn converted(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let (from, to) = (folder.path().join(format!("a.{from}")), folder.path().join(format!("b.{to}")));
    std::fs::write(&from, bytes).unwrap();
    let made = Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(&from).arg(&to).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::read(to).unwrap()
}

/// A red square, half see-through.
#[allow(dead_code, reason = "used by some of the tests")]
pub fn see_through_avif() -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.avif");
    let apart = "[0:v]split[a][b];[b]alphaextract,format=gray[alpha];[a]format=yuv420p[colours]";
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "color=red@0.5:size=64x64,format=rgba", "-filter_complex", apart])
        .args(["-map", "[colours]", "-map", "[alpha]", "-frames:v", "1", "-c:v", "libaom-av1", "-still-picture", "1"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::read(file).unwrap()
}
