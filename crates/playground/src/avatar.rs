//! `GET /avatar/{id}`: a pattern drawn from the account's id, or what a fault makes of it.

use std::io::Cursor;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use sha2::{Digest as _, Sha256};

use crate::accounts::AccountId;
use crate::endpoint::Endpoint;
use crate::faults::{Kind, Shape};
use crate::gate::Marks;
use crate::oauth::error::Problem;
use crate::state::Shared;

const AVIF: &[u8] = include_bytes!("assets/avatar.avif");
const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\">\
<rect width=\"96\" height=\"96\" fill=\"#ece8fa\"/><circle cx=\"48\" cy=\"48\" r=\"36\" fill=\"#5e4bc8\"/></svg>";

const CELL: u32 = 24;
const MARGIN: u32 = 20;
const SIDE: u32 = 5 * CELL + 2 * MARGIN;

pub(crate) async fn avatar(
    State(shared): State<Shared>,
    Extension(marks): Extension<Marks>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: AccountId = id
        .parse()
        .ok()
        .filter(|id| shared.look(|world, _| world.accounts.get(*id).is_some()))
        .ok_or_else(|| Problem::not_found("There is no such account."))?;
    let picture = draw(id);
    match shape_by_fault(&shared, id, &marks).await? {
        None => encoded(&picture, ImageFormat::Png),
        Some(Shape::Webp) => encoded(&picture, ImageFormat::WebP),
        Some(Shape::Avif) => Ok(sent("image/avif", AVIF.to_vec())),
        Some(Shape::Svg) => Ok(sent("image/svg+xml", SVG.as_bytes().to_vec())),
        Some(Shape::Html) => Ok(Html("<!doctype html><title>Sign in to see this</title>").into_response()),
        Some(Shape::Missing) => Ok(StatusCode::NOT_FOUND.into_response()),
    }
}

async fn shape_by_fault(shared: &Shared, id: AccountId, marks: &Marks) -> Result<Option<Shape>, Problem> {
    let pick = |kind: &Kind| match kind {
        Kind::Avatar { shape } => Some(*shape),
        _ => None,
    };
    if !shared.look(|world, _| world.faults.iter().any(|fault| pick(&fault.kind).is_some())) {
        return Ok(None);
    }
    let fired = shared.change(|world, _| world.faults.inside(Endpoint::Avatar, Some(id), pick)).await?;
    Ok(fired.map(|(fault, shape)| {
        marks.add(fault);
        shape
    }))
}

fn encoded(picture: &RgbImage, format: ImageFormat) -> Result<Response, Problem> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture.clone()).write_to(&mut bytes, format).map_err(|error| {
        tracing::error!(%error, "cannot encode an avatar");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "The picture could not be drawn.")
    })?;
    Ok(sent(format.to_mime_type(), bytes.into_inner()))
}

fn sent(kind: &'static str, bytes: Vec<u8>) -> Response {
    // Not cached for long: a fault may change it.
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "max-age=60")], bytes).into_response()
}

/// A pattern of 5 × 5 cells, mirrored, in one of the colours of the wheel.
fn draw(id: AccountId) -> RgbImage {
    let seed = Sha256::digest(format!("playground avatar {id}"));
    let hue = f32::from(seed.first().copied().unwrap_or_default()) / 256.0;
    let ink = colour(hue, 0.62, 0.45);
    let paper = colour(hue, 0.55, 0.92);
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let cell = |at: u32| at.checked_sub(MARGIN).map(|at| at / CELL).filter(|n| *n < 5);
        let filled = match (cell(x), cell(y)) {
            (Some(column), Some(row)) => {
                let at = row * 3 + column.min(4 - column);
                let bit = usize::try_from(at + 8).unwrap_or_default();
                seed.get(bit).is_some_and(|byte| byte & 1 == 1)
            }
            _ => false,
        };
        if filled { ink } else { paper }
    })
}

/// HSL to RGB; all three from 0 to 1.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn colour(hue: f32, saturation: f32, lightness: f32) -> Rgb<u8> {
    let spread = saturation * lightness.min(1.0 - lightness);
    let channel = |offset: f32| {
        let k = (offset + hue * 12.0) % 12.0;
        let value = lightness - spread * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value * 255.0).round() as u8
    };
    Rgb([channel(0.0), channel(8.0), channel(4.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours() {
        assert_eq!(colour(0.0, 1.0, 0.5), Rgb([255, 0, 0]));
        assert_eq!(colour(1.0 / 3.0, 1.0, 0.5), Rgb([0, 255, 0]));
        assert_eq!(colour(0.7, 0.0, 1.0), Rgb([255, 255, 255]));
    }

    #[test]
    fn accounts_look_different_and_mirrored() {
        let one = draw("1".parse().unwrap());
        let two = draw("2".parse().unwrap());
        assert_ne!(one, two);
        for y in 0..SIDE {
            for x in 0..SIDE {
                assert_eq!(one.get_pixel(x, y), one.get_pixel(SIDE - 1 - x, y));
            }
        }
    }
}
