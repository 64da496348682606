//! The file with the keys that seal tokens: made at the first start, readable by its owner alone. One key a line, 64
//! hexadecimal digits: the first seals, all open.

use crate::Failed;
use crier_model::Secret;
use crier_store::{KeySource, SecretKey};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

/// Reads the keys, or makes one where there is no file.
pub fn read_or_make(path: &Path) -> Result<Vec<SecretKey>, Failed> {
    match fs::read_to_string(path) {
        Ok(text) => parse(path, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = SecretKey::generate();
            match write_new(path, std::slice::from_ref(&key)) {
                Ok(()) => Ok(vec![key]),
                // Another process starting at the same moment was faster: its key counts.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => read(path),
                Err(error) => Err(wrong(path, &error)),
            }
        }
        Err(error) => Err(wrong(path, &error)),
    }
}

/// Reads the keys of a file that is there.
pub fn read(path: &Path) -> Result<Vec<SecretKey>, Failed> {
    let text = fs::read_to_string(path).map_err(|error| wrong(path, &error))?;
    parse(path, &text)
}

fn wrong(path: &Path, cause: &dyn std::fmt::Display) -> Failed {
    Failed::to(&format!("the secret key file {}", path.display()), cause)
}

/// Keys as the file holds them; `path` is for errors.
pub fn parse(path: &Path, text: &str) -> Result<Vec<SecretKey>, Failed> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys = lines.map(SecretKey::from_hex).collect::<Result<Vec<_>, _>>().map_err(|error| wrong(path, &error))?;
    if keys.is_empty() { Err(wrong(path, &"it holds no key")) } else { Ok(keys) }
}

/// What [`parse`] reads.
pub fn to_text(keys: &[SecretKey]) -> Secret {
    keys.iter().map(|key| format!("{}\n", key.to_hex().expose())).collect::<String>().into()
}

/// Puts keys where there are none.
pub fn write(path: &Path, keys: &[SecretKey]) -> Result<(), Failed> {
    write_new(path, keys).map_err(|error| wrong(path, &error))
}

/// Written whole under another name first: nobody can read half a key.
fn write_partial(path: &Path, keys: &[SecretKey]) -> std::io::Result<PathBuf> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(to_text(keys).expose().as_bytes())?;
    file.sync_all()?;
    Ok(partial)
}

fn write_new(path: &Path, keys: &[SecretKey]) -> std::io::Result<()> {
    let partial = write_partial(path, keys)?;
    // A link, unlike a rename, does not replace a file that is there.
    let linked = fs::hard_link(&partial, path);
    fs::remove_file(&partial)?;
    linked
}

/// Puts these keys in the place of those in the file.
pub fn replace(path: &Path, keys: &[SecretKey]) -> Result<(), Failed> {
    let renamed = write_partial(path, keys).and_then(|partial| fs::rename(partial, path));
    renamed.map_err(|error| wrong(path, &error))
}

/// The file as running nodes watch it.
pub struct Watched {
    path: PathBuf,
    seen: Mutex<Option<(SystemTime, u64)>>,
}

impl Watched {
    /// Watches from now on.
    pub fn new(path: &Path) -> Self {
        let watched = Self { path: path.to_owned(), seen: Mutex::new(None) };
        let now = watched.stamp();
        *watched.seen.lock().unwrap_or_else(PoisonError::into_inner) = now;
        watched
    }

    fn stamp(&self) -> Option<(SystemTime, u64)> {
        let about = fs::metadata(&self.path).ok()?;
        Some((about.modified().ok()?, about.len()))
    }
}

impl KeySource for Watched {
    fn changed(&self) -> Option<Vec<SecretKey>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.stamp();
        if now.is_none() || *seen == now {
            return None;
        }
        match read(&self.path) {
            Ok(keys) => {
                *seen = now;
                tracing::info!(keys = keys.len(), "the secret key file has changed and was read again");
                Some(keys)
            }
            // What was read before still opens what there is.
            Err(error) => {
                tracing::error!(%error, "the secret key file has changed and can't be read");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_makes_a_key_that_later_ones_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let made = read_or_make(&path).unwrap();
        assert_eq!(made.len(), 1);
        assert!(read_or_make(&path).unwrap() == made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_damaged_key_is_refused_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        for text in ["short", "", "\n\n"] {
            fs::write(&path, text).unwrap();
            let error = read_or_make(&path).map(|_| ()).unwrap_err();
            assert!(error.to_string().contains("secret.key"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_change_is_told_once_and_a_damaged_file_is_not_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let old = read_or_make(&path).unwrap();
        let watched = Watched::new(&path);
        assert!(watched.changed().is_none());
        let keys = [SecretKey::generate(), old[0].clone()];
        replace(&path, &keys).unwrap();
        assert!(watched.changed().is_some_and(|told| told == keys));
        assert!(watched.changed().is_none());
        fs::write(&path, "half a k").unwrap();
        assert!(watched.changed().is_none());
        replace(&path, &old).unwrap();
        assert!(watched.changed().is_some_and(|told| told == old));
    }
}
