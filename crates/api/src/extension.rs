//! The browser extension as a file, so that whoever has the program has the extension of its version.

use crate::{access::Anyone, problem::Problem};
use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::Embed;
use std::io::{Cursor, Write};
use zip::{ZipWriter, result::ZipError, write::SimpleFileOptions};

#[derive(Embed)]
#[folder = "../../extension"]
struct Files;

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/extension.zip", get(|_: Anyone| async { download() }))
}

fn download() -> Response {
    match packed() {
        Ok(bytes) => {
            let name = "attachment; filename=\"crier-extension.zip\"";
            ([(header::CONTENT_TYPE, "application/zip"), (header::CONTENT_DISPOSITION, name)], bytes).into_response()
        }
        Err(error) => Problem::internal(&format!("the extension could not be packed: {error}")).into_response(),
    }
}

/// In a folder of its own, for that is what browsers are pointed to.
fn packed() -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for path in Files::iter() {
        let Some(file) = Files::get(&path) else { continue };
        zip.start_file(format!("crier-extension/{path}"), SimpleFileOptions::default())?;
        zip.write_all(&file.data)?;
    }
    Ok(zip.finish()?.into_inner())
}
