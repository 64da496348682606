//! The file with the key that seals tokens: made at the first start, readable by its owner alone.

use crate::Failed;
use crier_store::SecretKey;
use std::{fs, io::Write, path::Path};

/// Reads the key, or makes one where there is no file.
pub fn read_or_make(path: &Path) -> Result<SecretKey, Failed> {
    let wrong = |cause: &dyn std::fmt::Display| Failed::to(&format!("the secret key file {}", path.display()), cause);
    match fs::read_to_string(path) {
        Ok(text) => SecretKey::from_hex(&text).map_err(|error| wrong(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = SecretKey::generate();
            match write_new(path, &key) {
                Ok(()) => Ok(key),
                // Another process starting at the same moment was faster: its key counts.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
                    SecretKey::from_hex(&text).map_err(|error| wrong(&error))
                }
                Err(error) => Err(wrong(&error)),
            }
        }
        Err(error) => Err(wrong(&error)),
    }
}

/// Puts a key where there is none.
pub fn write(path: &Path, key: &SecretKey) -> Result<(), Failed> {
    write_new(path, key).map_err(|error| Failed::to(&format!("the secret key file {}", path.display()), error))
}

/// Written whole under another name first: nobody can read half a key.
fn write_new(path: &Path, key: &SecretKey) -> std::io::Result<()> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(key.to_hex().expose().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // A link, unlike a rename, does not replace a file that is there.
    let linked = fs::hard_link(&partial, path);
    fs::remove_file(&partial)?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_makes_a_key_that_later_ones_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let made = read_or_make(&path).unwrap();
        assert_eq!(read_or_make(&path).unwrap().to_hex().expose(), made.to_hex().expose());
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
        fs::write(&path, "short").unwrap();
        let error = read_or_make(&path).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("secret.key"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }
}
