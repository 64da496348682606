//! Pictures made to keep to a network's limits.

use crate::{Kind, MediaError, Picture, picture::Decoded};
use crier_model::rendition::Recipe;

/// JPEG qualities that are tried, the best first.
const QUALITIES: [u8; 4] = [90, 82, 74, 64];
/// How much smaller each side becomes where no quality suffices, in hundredths.
const SMALLER: u32 = 80;
/// Nothing is made smaller than this on its shorter side.
const SMALLEST: u32 = 48;

/// A picture that was made, with its size.
pub(crate) struct Made {
    pub picture: Picture,
    pub width: u32,
    pub height: u32,
}

/// Another picture of the same, within a recipe's limits: turned upright, without what its file said besides (the place where
/// it was taken among it), and only as much smaller as it must be.
///
/// # Errors
/// [`MediaError::Unfit`] when nothing small enough can be made.
pub(crate) fn fitted(decoded: &Decoded, recipe: &Recipe) -> Result<Made, MediaError> {
    let has = (decoded.image.width(), decoded.image.height());
    let (mut width, mut height) = (recipe.width.unwrap_or(has.0).min(has.0), recipe.height.unwrap_or(has.1).min(has.1));
    // One that lies on its side in the file was measured upright.
    if (width > height) != (has.0 > has.1) && recipe.width.is_some() {
        (width, height) = (height.min(has.0), width.min(has.1));
    }
    let mut kinds: Vec<Kind> = recipe.mime.iter().filter_map(|mime| Kind::of_mime(mime)).collect();
    if decoded.is_see_through() && kinds.iter().any(|kind| *kind != Kind::Jpeg) {
        // What is see-through stays it, where any type allows.
        kinds.retain(|kind| *kind != Kind::Jpeg);
    }
    loop {
        let image = decoded.sized(width, height)?;
        for kind in &kinds {
            let qualities: &[u8] = if *kind == Kind::Jpeg { &QUALITIES } else { &QUALITIES[..1] };
            for quality in qualities {
                let bytes = decoded.encoded(&image, *kind, *quality)?;
                if bytes.len() as u64 <= recipe.max_bytes {
                    return Ok(Made { picture: Picture { kind: *kind, bytes: bytes.into() }, width, height });
                }
            }
        }
        (width, height) = (width * SMALLER / 100, height * SMALLER / 100);
        if width.min(height) < SMALLEST {
            let said = format!("the picture can’t be made smaller than {} bytes", recipe.max_bytes);
            return Err(MediaError::Unfit(said));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{self, tests::encoded};
    use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};

    fn noise(width: u32, height: u32) -> DynamicImage {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        RgbImage::from_fn(width, height, |_, _| Rgb([next(), next(), next()])).into()
    }

    fn recipe(mime: &[&str], max_bytes: u64, size: Option<(u32, u32)>) -> Recipe {
        let (width, height) = size.unzip();
        Recipe { mime: mime.iter().map(|&mime| mime.to_owned()).collect(), max_bytes, width, height, frame_rate: None }
    }

    fn made(image: &DynamicImage, kind: Kind, recipe: &Recipe) -> Made {
        fitted(&picture::decode(kind, &encoded(image, kind)).unwrap(), recipe).unwrap()
    }

    #[test]
    fn a_picture_keeps_to_bytes_by_quality_first_and_by_size_then() {
        let image = noise(400, 300);
        let whole = made(&image, Kind::Png, &recipe(&["image/jpeg"], 1_000_000, None));
        assert_eq!((whole.width, whole.height, whole.picture.kind), (400, 300, Kind::Jpeg));
        let lighter = whole.picture.bytes.len() as u64 - 1;
        let lower = made(&image, Kind::Png, &recipe(&["image/jpeg"], lighter, None));
        assert_eq!((lower.width, lower.height), (400, 300));
        assert!(lower.picture.bytes.len() as u64 <= lighter);
        let tiny = made(&image, Kind::Png, &recipe(&["image/jpeg"], 20_000, None));
        assert!(tiny.width < 400 && tiny.picture.bytes.len() <= 20_000);
        let impossible = recipe(&["image/jpeg"], 10, None);
        let decoded = picture::decode(Kind::Png, &encoded(&image, Kind::Png)).unwrap();
        assert!(matches!(fitted(&decoded, &impossible), Err(MediaError::Unfit(_))));
    }

    #[test]
    fn it_has_the_size_that_was_asked_for() {
        let small = made(&noise(400, 200), Kind::Jpeg, &recipe(&["image/jpeg"], 1_000_000, Some((100, 50))));
        let read = picture::decode(Kind::Jpeg, &small.picture.bytes).unwrap().image;
        assert_eq!((read.width(), read.height(), small.width, small.height), (100, 50, 100, 50));
    }

    #[test]
    fn what_is_see_through_stays_it_where_a_type_allows_and_else_lies_on_white() {
        let clear = DynamicImage::from(RgbaImage::from_pixel(60, 60, Rgba([255, 0, 0, 0])));
        let kept = made(&clear, Kind::Png, &recipe(&["image/jpeg", "image/png"], 1_000_000, None));
        assert_eq!(kept.picture.kind, Kind::Png);
        let flat = made(&clear, Kind::Png, &recipe(&["image/jpeg"], 1_000_000, None));
        let flat = picture::decode(Kind::Jpeg, &flat.picture.bytes).unwrap().image.to_rgb8();
        assert!(flat.get_pixel(30, 30).0.iter().all(|channel| *channel > 250));
    }

    #[test]
    fn it_is_upright_and_says_nothing_of_where_it_was_taken() {
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut bytes);
        // TIFF head, one entry: orientation 6, a quarter turn; and words that stand for a place.
        let mut exif = vec![0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
        exif.extend(b"52.5200N 13.4050E");
        image::ImageEncoder::set_exif_metadata(&mut encoder, exif).unwrap();
        noise(120, 80).to_rgb8().write_with_encoder(encoder).unwrap();
        assert!(bytes.windows(8).any(|words| words == b"52.5200N"));
        let decoded = picture::decode(Kind::Jpeg, &bytes).unwrap();
        let upright = fitted(&decoded, &recipe(&["image/jpeg"], 1_000_000, Some((60, 40)))).unwrap();
        assert_eq!((upright.width, upright.height), (40, 60));
        assert!(!upright.picture.bytes.windows(8).any(|words| words == b"52.5200N"));
    }
}
