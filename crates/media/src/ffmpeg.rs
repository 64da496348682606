//! ffmpeg, a program of its own that makes other videos of videos. It works on files that strangers sent, so it is given
//! nothing but the file: no network, no other protocol, one format, and limits on time, memory and room.

use crate::{
    ProgramLimits,
    confine::{self, command},
};
use crier_model::rendition::Recipe;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// How long its version may take to be told.
const VERSION: Duration = Duration::from_secs(10);
/// How long a still of a video may take.
const STILL: Duration = Duration::from_secs(60);
/// What it says when it fails is cut to this.
const MAX_SAID: u64 = 4096;
/// The largest still, in bytes.
const MAX_STILL: u64 = 64 * 1024 * 1024;
/// Bits a second of the sound.
const SOUND: u64 = 128_000;
/// More bits a second show nothing more.
const MOST_BITS: u64 = 16_000_000;
/// More frames a second show nothing more, where the recipe names none.
const MOST_FRAMES: &str = "60";
/// What the container takes of the bytes, in hundredths of all.
const CONTAINER: u64 = 5;

/// The program, where it is.
#[derive(Debug, Clone)]
pub struct Ffmpeg {
    path: PathBuf,
    limits: ProgramLimits,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FfmpegError {
    #[error("ffmpeg can’t be started: {0}")]
    Start(std::io::Error),
    #[error("ffmpeg took longer than {} minutes", .0.as_secs() / 60)]
    TooLong(Duration),
    /// It ended with an error; what it said is for the log.
    #[error("ffmpeg can’t convert the video")]
    Failed { said: String },
}

/// A video as it is and as it is to be.
pub(crate) struct Task<'a> {
    pub from: &'a Path,
    /// What ffmpeg calls the file's type.
    pub format: &'static str,
    pub to: &'a Path,
    pub duration_ms: u64,
    /// Whether it need only be put into another container.
    pub repack: bool,
    pub recipe: &'a Recipe,
    /// Of the size that is aimed at, in hundredths: less where the first try came out too large.
    pub share: u64,
}

/// How much of a GIF is to be left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GifWish {
    /// Of its width, in hundredths.
    pub share: u32,
    pub colours: u32,
    /// Pictures a second at most.
    pub fps: u32,
}

impl Ffmpeg {
    /// The program at a path, or the one that the search path leads to; none where there is none.
    #[must_use]
    pub fn find(path: Option<&Path>, limits: ProgramLimits) -> Option<Self> {
        Some(Self { path: confine::find(path, "ffmpeg")?, limits })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it calls itself.
    ///
    /// # Errors
    /// When it can't be run, in words.
    pub async fn version(&self) -> Result<String, String> {
        let mut command = self.command();
        let output = timeout(VERSION, command.arg("-version").stdout(Stdio::piped()).output()).await;
        let output = output.map_err(|_| "it does not answer".to_owned())?.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout);
        let first = said.lines().next().unwrap_or_default();
        let version = first.strip_prefix("ffmpeg version ").and_then(|rest| rest.split_whitespace().next());
        version.map(str::to_owned).ok_or_else(|| "it does not say its version".to_owned())
    }

    /// Makes another video; `percent` is kept at how far it has come.
    pub(crate) async fn convert(&self, task: &Task<'_>, percent: &AtomicU8) -> Result<(), FfmpegError> {
        let mut command = self.reading(task.format, task.from);
        // The first picture and sound; no place where it was filmed, no subtitles, no chapters.
        command.args(["-map", "0:v:0", "-map", "0:a:0?", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"]);
        if task.repack {
            command.args(["-c", "copy"])
        } else {
            command.args(coding(task))
        };
        command.args(["-threads", &self.limits.threads.to_string(), "-movflags", "+faststart"]);
        command.args(["-progress", "pipe:1", "-stats_period", "1", "-y", "-f", "mp4"]).arg(file(task.to));
        let mut child = self.start(&mut command, task.recipe.max_bytes.saturating_mul(2))?;
        let progress = child.stdout.take();
        let told = async {
            let Some(progress) = progress else { return };
            let mut lines = BufReader::new(progress).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Some(done) = line.strip_prefix("out_time_us=").and_then(|us| us.parse::<u64>().ok()) else {
                    continue;
                };
                let hundredths = (done / 10).checked_div(task.duration_ms).unwrap_or(0).min(99);
                percent.store(u8::try_from(hundredths).unwrap_or(99), Ordering::Relaxed);
            }
        };
        let ((), ended) = timeout(self.limits.time, async { tokio::join!(told, ended(&mut child)) })
            .await
            .map_err(|_| FfmpegError::TooLong(self.limits.time))?;
        ended
    }

    /// One picture out of a video, as PNG.
    pub(crate) async fn still(&self, format: &str, from: &Path, at_ms: u64) -> Result<Vec<u8>, FfmpegError> {
        let mut command = self.reading(format, from);
        let at = format!("{}.{:03}", at_ms / 1000, at_ms % 1000);
        let scale = "scale='min(1280,iw)':-2";
        command.args(["-ss", &at, "-map", "0:v:0", "-frames:v", "1", "-vf", scale, "-threads", "1"]);
        command.args(["-f", "image2pipe", "-c:v", "png", "pipe:1"]);
        let mut child = self.start(&mut command, MAX_STILL)?;
        let picture = child.stdout.take();
        let read = async { said(picture, MAX_STILL).await };
        let (bytes, ended) = timeout(STILL, async { tokio::join!(read, ended(&mut child)) })
            .await
            .map_err(|_| FfmpegError::TooLong(STILL))?;
        ended.map(|()| bytes)
    }

    /// Makes another GIF of one: of this width, with fewer colours and pictures.
    pub(crate) async fn gif(&self, from: &Path, to: &Path, width: u32, wish: GifWish) -> Result<(), FfmpegError> {
        let mut command = self.reading("gif", from);
        let GifWish { colours, fps, .. } = wish;
        // A palette of its own: what all pictures have in common.
        let filter = format!(
            "fps='min({fps},source_fps)',scale={width}:-1:flags=lanczos,split[a][b];[a]palettegen=max_colors={colours}[p];\
             [b][p]paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"
        );
        command
            .args(["-filter_complex", &filter, "-map_metadata", "-1", "-loop", "0", "-y", "-f", "gif"])
            .arg(file(to));
        let mut child = self.start(&mut command, MAX_STILL)?;
        let ended = timeout(self.limits.time, ended(&mut child)).await;
        ended.map_err(|_| FfmpegError::TooLong(self.limits.time))?
    }

    fn command(&self) -> Command {
        command(&self.path)
    }

    /// Reads a file as what it is and as nothing else: no list of other files, no address.
    fn reading(&self, format: &str, from: &Path) -> Command {
        let mut command = self.command();
        command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe"]);
        command.args(["-threads", &self.limits.threads.to_string(), "-f", format, "-i"]).arg(file(from));
        command
    }

    fn start(&self, command: &mut Command, max_bytes: u64) -> Result<Child, FfmpegError> {
        self.limits.start(command, max_bytes).map_err(FfmpegError::Start)
    }
}

/// A path as ffmpeg is not to take for an option or an address.
fn file(path: &Path) -> std::ffi::OsString {
    let mut name = std::ffi::OsString::from("file:");
    name.push(path);
    name
}

/// How picture and sound are to be coded.
fn coding(task: &Task<'_>) -> Vec<String> {
    let recipe = task.recipe;
    let all = recipe.max_bytes.saturating_mul(8000).checked_div(task.duration_ms).unwrap_or(u64::MAX);
    let all = (all / 100).saturating_mul(100 - CONTAINER) / 100 * task.share;
    let sound = SOUND.min(all / 4);
    let picture = all.saturating_sub(sound).min(MOST_BITS);
    // Few bits show more in a small picture than in a large one.
    let most = match picture {
        0..500_000 => 480,
        500_000..1_200_000 => 720,
        _ => 2160,
    };
    let scale = match (recipe.width, recipe.height) {
        (Some(width), Some(height)) => {
            let short = f64::from(width.min(height));
            let factor = (f64::from(most) / short).min(1.0);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "less than what it was")]
            let even = |side: u32| ((f64::from(side) * factor) as u32 & !1).max(2);
            format!("scale={}:{}", even(width), even(height))
        }
        _ => format!("scale='if(gt(iw,ih),-2,min(trunc(iw/2)*2,{most}))':'if(gt(iw,ih),min(trunc(ih/2)*2,{most}),-2)'"),
    };
    let (filter, frames) = match recipe.frame_rate {
        Some(rate) => (format!("fps={rate},{scale}"), rate.to_string()),
        None => (scale, MOST_FRAMES.to_owned()),
    };
    let (picture, twice, sound) = (picture.to_string(), (picture * 2).to_string(), sound.to_string());
    let video =
        ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-fpsmax", &frames];
    let rate = ["-crf", "21", "-maxrate", &picture, "-bufsize", &twice, "-vf", &filter];
    let audio = ["-c:a", "aac", "-b:a", &sound, "-ac", "2", "-ar", "48000"];
    video.into_iter().chain(rate).chain(audio).map(str::to_owned).collect()
}

/// How it ended.
async fn ended(child: &mut Child) -> Result<(), FfmpegError> {
    let errors = child.stderr.take();
    let (said, status) = tokio::join!(said(errors, MAX_SAID), child.wait());
    let status = status.map_err(FfmpegError::Start)?;
    if status.success() {
        return Ok(());
    }
    Err(FfmpegError::Failed { said: format!("{status}: {}", String::from_utf8_lossy(&said)) })
}

/// What comes out of it, up to a number of bytes; the rest is read and forgotten, so that it does not wait for us.
async fn said(from: Option<impl AsyncRead + Unpin>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        // What can't be read any more has ended.
        (&mut from).take(most).read_to_end(&mut bytes).await.ok();
        tokio::io::copy(&mut from, &mut tokio::io::sink()).await.ok();
    }
    bytes
}
