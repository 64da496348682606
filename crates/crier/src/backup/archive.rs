//! The tar file, with a manifest at its end by which a damaged or cut-off one is known.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Component, Path, PathBuf},
};

const MANIFEST: &str = "manifest.json";

/// What is in the archive, by path.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    files: BTreeMap<String, Summed>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Summed {
    bytes: u64,
    sha256: String,
}

/// Passes bytes on, and sums them up.
struct Summing<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Summing<T> {
    fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    fn sum(self) -> Summed {
        Summed { bytes: self.bytes, sha256: hex::encode(self.hash.finalize()) }
    }
}

impl<T: Read> Read for Summing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

pub struct Writer {
    tar: tar::Builder<BufWriter<File>>,
    manifest: Manifest,
}

impl Writer {
    /// Readable by its owner alone.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { tar: tar::Builder::new(BufWriter::new(options.open(path)?)), manifest: Manifest::default() })
    }

    pub fn add_bytes(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.add(name, bytes.len() as u64, bytes)
    }

    pub fn add_file(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        self.add(name, length, file)
    }

    /// The files of a folder and those below it. What is taken away meanwhile is left out.
    pub fn add_folder(&mut self, name: &str, folder: &Path) -> io::Result<()> {
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        // What is hidden is still being worked on: it changes, and nothing refers to it.
        for entry in entries.into_iter().filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')) {
            let below = format!("{name}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                self.add_folder(&below, &entry.path())?;
                continue;
            }
            match self.add_file(&below, &entry.path()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                added => added?,
            }
        }
        Ok(())
    }

    /// What `source` has, which must be `length` bytes.
    pub fn add(&mut self, name: &str, length: u64, source: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(length);
        header.set_mode(0o600);
        let mut source = Summing::new(source.take(length));
        self.tar.append_data(&mut header, name, &mut source)?;
        let sum = source.sum();
        if sum.bytes != length {
            return Err(io::Error::other(format!("{name} changed while it was read")));
        }
        self.manifest.files.insert(name.to_owned(), sum);
        Ok(())
    }

    /// Writes the manifest; how many files there are, and their bytes.
    pub fn finish(mut self) -> io::Result<(usize, u64)> {
        let Manifest { files } = &self.manifest;
        let sums = (files.len(), files.values().map(|file| file.bytes).sum());
        let manifest = serde_json::to_vec_pretty(&self.manifest)?;
        self.add_bytes(MANIFEST, &manifest)?;
        let mut file = self.tar.into_inner()?;
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(sums)
    }
}

pub struct Reader {
    tar: tar::Archive<BufReader<File>>,
}

impl Reader {
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { tar: tar::Archive::new(BufReader::new(File::open(path)?)) })
    }

    /// The first file, which must have this name, and the second, if it has that one.
    pub fn head(&mut self, first: &str, second: &str) -> io::Result<(Vec<u8>, Option<Vec<u8>>)> {
        let none = || io::Error::new(io::ErrorKind::InvalidData, "it is no backup that Crier made");
        let mut entries = self.tar.entries()?;
        let mut next = |name: &str| -> io::Result<Option<Vec<u8>>> {
            let Some(entry) = entries.next() else { return Ok(None) };
            let mut entry = entry?;
            if entry.path()?.as_os_str() != name {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        };
        // What is no archive at all is told in other words by each of its bytes.
        let first = next(first).ok().flatten().ok_or_else(none)?;
        Ok((first, next(second)?))
    }

    /// Writes everything into a folder, and compares it with the manifest.
    pub fn unpack(mut self, folder: &Path) -> io::Result<()> {
        let damaged =
            |what: String| io::Error::new(io::ErrorKind::InvalidData, format!("the backup is damaged: {what}"));
        let mut found = Manifest::default();
        let mut told = None;
        for entry in self.tar.entries()? {
            let entry = entry?;
            let path = entry.path()?.into_owned();
            let target = inside(folder, &path).ok_or_else(|| damaged(format!("{} lies outside", path.display())))?;
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut source = Summing::new(entry);
            io::copy(&mut source, &mut File::create(&target)?)?;
            let name = path.to_string_lossy().into_owned();
            if name == MANIFEST {
                told = Some(serde_json::from_slice::<Manifest>(&fs::read(&target)?)?);
            } else {
                found.files.insert(name, source.sum());
            }
        }
        let told = told.ok_or_else(|| damaged("its end is missing".to_owned()))?;
        if let Some((name, _)) = told.files.iter().find(|(name, sum)| found.files.get(*name) != Some(*sum)) {
            return Err(damaged(format!("{name} is missing or was changed")));
        }
        Ok(())
    }
}

/// The path below the folder; none when it would lead out of it.
fn inside(folder: &Path, path: &Path) -> Option<PathBuf> {
    path.components().all(|part| matches!(part, Component::Normal(_))).then(|| folder.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(folder: &Path) -> PathBuf {
        let path = folder.join("a.tar");
        fs::create_dir_all(folder.join("files/deep")).unwrap();
        fs::write(folder.join("files/deep/one"), b"one").unwrap();
        let mut writer = Writer::create(&path).unwrap();
        writer.add_bytes("about", b"{}").unwrap();
        writer.add_folder("files", &folder.join("files")).unwrap();
        assert_eq!(writer.finish().unwrap(), (2, 5));
        path
    }

    #[test]
    fn what_was_packed_comes_out_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = archive(dir.path());
        assert_eq!(Reader::open(&path).unwrap().head("about", "key").unwrap(), (b"{}".to_vec(), None));
        let out = dir.path().join("out");
        Reader::open(&path).unwrap().unpack(&out).unwrap();
        assert_eq!(fs::read(out.join("files/deep/one")).unwrap(), b"one");
    }

    #[test]
    fn damage_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let whole = fs::read(archive(dir.path())).unwrap();
        let path = dir.path().join("b.tar");
        let unpacked = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            Reader::open(&path).unwrap().unpack(&dir.path().join("out")).map_err(|error| error.to_string())
        };
        let at = whole.windows(3).position(|bytes| bytes == b"one").unwrap();
        let content = at + whole[at..].windows(3).skip(1).position(|bytes| bytes == b"one").map_or(0, |more| more + 1);
        let mut changed = whole.clone();
        changed[content] = b'O';
        assert!(unpacked(&changed).is_err());
        assert!(unpacked(&whole[..1024]).unwrap_err().contains("its end is missing"));
        assert!(unpacked(&whole).is_ok());
    }

    #[test]
    fn nothing_is_written_outside() {
        let folder = Path::new("/srv/x");
        assert_eq!(inside(folder, Path::new("media/a.png")), Some("/srv/x/media/a.png".into()));
        for path in ["../a", "/etc/passwd", "media/../../a"] {
            assert_eq!(inside(folder, Path::new(path)), None, "{path}");
        }
    }
}
