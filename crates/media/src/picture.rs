//! Pictures: what a file is by its content, how large it is, and smaller ones made of it.

use crate::{MediaRefusal, avif, drawing};
use bytes::Bytes;
use fast_image_resize::{IntoImageView, ResizeOptions, Resizer};
use image::{
    DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
};
use std::{io::Cursor, path::Path};

/// The longer side of a thumbnail, in pixels.
pub const THUMBNAIL_SIDE: u32 = 480;
/// The side of an avatar, in pixels.
pub const AVATAR_SIDE: u32 = 256;
/// What one picture may have, so that a small file can't unpack into all memory there is.
const MAX_PIXELS: u64 = 80_000_000;
const MAX_SIDE: u32 = 30_000;
const MAX_DECODE_BYTES: u64 = 384 * 1024 * 1024;
const JPEG_QUALITY: u8 = 82;

/// A type of picture that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Jpeg,
    Png,
    Gif,
    WebP,
    Avif,
    Bmp,
    Tiff,
}

impl Kind {
    pub const ALL: [Self; 7] = [Self::Jpeg, Self::Png, Self::Gif, Self::WebP, Self::Avif, Self::Bmp, Self::Tiff];

    /// The kind that the first bytes tell.
    #[must_use]
    pub fn of_content(bytes: &[u8]) -> Option<Self> {
        if avif::begins(bytes) {
            return Some(Self::Avif);
        }
        let format = image::guess_format(bytes).ok()?;
        Self::ALL.into_iter().find(|kind| kind.format() == format)
    }

    #[must_use]
    pub fn of_mime(mime: &str) -> Option<Self> {
        let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match mime.as_str() {
            "image/jpg" | "image/pjpeg" => Some(Self::Jpeg),
            "image/x-png" => Some(Self::Png),
            "image/x-ms-bmp" | "image/x-bmp" => Some(Self::Bmp),
            other => Self::ALL.into_iter().find(|kind| kind.mime() == other),
        }
    }

    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let extension = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "jpeg" | "jpe" | "jfif" => Some(Self::Jpeg),
            "tif" => Some(Self::Tiff),
            other => Self::ALL.into_iter().find(|kind| kind.extension() == other),
        }
    }

    #[must_use]
    pub fn mime(self) -> &'static str {
        self.format().to_mime_type()
    }

    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Avif => "avif",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
        }
    }

    fn format(self) -> ImageFormat {
        match self {
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::Gif => ImageFormat::Gif,
            Self::WebP => ImageFormat::WebP,
            Self::Avif => ImageFormat::Avif,
            Self::Bmp => ImageFormat::Bmp,
            Self::Tiff => ImageFormat::Tiff,
        }
    }
}

/// A small picture, ready to be sent to a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub kind: Kind,
    pub bytes: Bytes,
}

/// A decoded picture, turned the way people see it.
pub(crate) struct Decoded {
    pub kind: Kind,
    pub image: DynamicImage,
    /// What its colours mean, where its file says it (ICC).
    pub colours: Option<Vec<u8>>,
}

/// Recognises a file by its content. A picture under another picture's name is what its content says.
///
/// # Errors
/// When it is empty or no picture.
pub(crate) fn recognise(bytes: &[u8], name: &str) -> Result<Kind, MediaRefusal> {
    if bytes.is_empty() {
        return Err(MediaRefusal::Empty);
    }
    Kind::of_content(bytes).ok_or_else(|| match Kind::of_name(name) {
        // Something else under a picture's name is told apart from a type that is honestly another.
        Some(kind) => MediaRefusal::Mislabelled { declared: kind.mime() },
        None => MediaRefusal::UnknownType,
    })
}

/// Whether the last scan of a JPEG is followed by an end-of-image marker (ITU T.81, B.1.1.3). Inside a scan a 0xFF byte is
/// stuffed, so neither marker can appear there by chance; an embedded thumbnail's lie before the last scan.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    last([0xFF, 0xD9]) > last([0xFF, 0xDA])
}

/// Whether the chunk that ends a PNG is there (PNG third edition, 11.2.5).
fn png_is_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((length, kind)) = rest.split_first_chunk::<4>().zip(rest.get(4..8)).map(|((l, _), kind)| (*l, kind))
    {
        if kind == b"IEND" {
            return true;
        }
        // Length, kind, data and checksum.
        rest = rest.get(12 + u32::from_be_bytes(length) as usize..).unwrap_or_default();
    }
    false
}

/// Whether the blocks of a GIF reach its trailer (GIF89a, 27); none when they stop before it.
fn gif_is_whole(bytes: &[u8]) -> Option<bool> {
    let table = |packed: u8| if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    loop {
        match *bytes.get(at)? {
            0x3B => return Some(true),
            // An extension: introducer and label.
            0x21 => at += 2,
            // A frame: its descriptor, its colours and the size of its codes.
            0x2C => at += 10 + table(*bytes.get(at + 9)?) + 1,
            _ => return Some(false),
        }
        // Its data, in blocks that end with an empty one.
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
}

/// Whether as many bytes are there as the head of a WebP says (RFC 9649, 2.4).
fn webp_is_whole(bytes: &[u8]) -> bool {
    let said = bytes.get(4..8).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
    said.is_some_and(|said| bytes.len() as u64 >= u64::from(said) + 8)
}

/// Decodes the whole picture (the first frame of a moving one), within limits.
///
/// # Errors
/// When it is damaged, cut off, or unpacks into more than the limits allow.
pub(crate) fn decode(kind: Kind, bytes: &[u8]) -> Result<Decoded, MediaRefusal> {
    let undecodable = |_| MediaRefusal::Undecodable { found: kind };
    // Decoders fill what is missing with grey, or read no further than the first frame.
    let whole = match kind {
        Kind::Jpeg => jpeg_is_whole(bytes),
        Kind::Png => png_is_whole(bytes),
        Kind::Gif => gif_is_whole(bytes).unwrap_or(false),
        Kind::WebP => webp_is_whole(bytes),
        Kind::Avif => return Ok(Decoded { kind, image: avif::decode(bytes)?, colours: None }),
        Kind::Bmp | Kind::Tiff => true,
    };
    if !whole {
        return Err(MediaRefusal::Undecodable { found: kind });
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    let (width, height) =
        ImageReader::with_format(Cursor::new(bytes), kind.format()).into_dimensions().map_err(undecodable)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS || width > MAX_SIDE || height > MAX_SIDE {
        return Err(MediaRefusal::TooManyPixels { width, height, max_pixels: MAX_PIXELS });
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind.format());
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(undecodable)?;
    // A picture without a readable orientation is upright.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    // Colours that can't be read are the usual ones.
    let colours = decoder.icc_profile().unwrap_or_default();
    let mut image = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
    image.apply_orientation(orientation);
    Ok(Decoded { kind, image, colours })
}

/// An account's picture of whatever the network has, a drawing among it.
///
/// # Errors
/// When it is no picture, or can't be decoded.
pub(crate) fn portrait(bytes: &[u8]) -> Result<Picture, MediaRefusal> {
    match recognise(bytes, "") {
        Ok(kind) => decode(kind, bytes)?.avatar(),
        // What is drawn is as good as any other picture of the kind that keeps every pixel.
        Err(unknown) => {
            let image = drawing::square(bytes, AVATAR_SIDE).ok_or(unknown)?;
            Decoded { kind: Kind::Png, image, colours: None }.avatar()
        }
    }
}

impl Decoded {
    /// At most [`THUMBNAIL_SIDE`] on its longer side, never enlarged: WebP where it is see-through, else JPEG.
    pub fn thumbnail(&self) -> Result<Picture, MediaRefusal> {
        let (width, height) = (self.image.width(), self.image.height());
        let longer = width.max(height).max(1);
        let scaled = |side: u32| {
            let exact = u64::from(side) * u64::from(THUMBNAIL_SIDE) / u64::from(longer);
            u32::try_from(exact).unwrap_or(THUMBNAIL_SIDE).max(1)
        };
        let small = if longer <= THUMBNAIL_SIDE {
            plain(&self.image)
        } else {
            self.resized(scaled(width), scaled(height), &ResizeOptions::new())?
        };
        self.encode(&small)
    }

    /// The middle square, [`AVATAR_SIDE`] on each side.
    pub fn avatar(&self) -> Result<Picture, MediaRefusal> {
        let options = ResizeOptions::new().fit_into_destination(Some((0.5, 0.5)));
        self.encode(&self.resized(AVATAR_SIDE, AVATAR_SIDE, &options)?)
    }

    /// Whether any of it lets what lies behind show.
    pub fn is_see_through(&self) -> bool {
        self.image.color().has_alpha() && self.image.to_rgba8().pixels().any(|pixel| pixel.0[3] < 255)
    }

    /// In this size.
    pub fn sized(&self, width: u32, height: u32) -> Result<DynamicImage, MediaRefusal> {
        if (width, height) == (self.image.width(), self.image.height()) {
            return Ok(plain(&self.image));
        }
        self.resized(width, height, &ResizeOptions::new())
    }

    /// A picture made of this one, as the bytes of a file, with the same colours; where the type knows nothing see-through, on
    /// white.
    pub fn encoded(&self, image: &DynamicImage, kind: Kind, quality: u8) -> Result<Vec<u8>, MediaRefusal> {
        let mut bytes = Vec::new();
        let colours = self.colours.clone().unwrap_or_default();
        let done = match kind {
            Kind::Jpeg => {
                let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
                // A colour space that JPEG has no place for is left out.
                encoder.set_icc_profile(colours).ok();
                on_white(image).write_with_encoder(encoder)
            }
            Kind::Png => {
                let mut encoder = PngEncoder::new(&mut bytes);
                encoder.set_icc_profile(colours).ok();
                image.write_with_encoder(encoder)
            }
            _ => image.write_to(&mut Cursor::new(&mut bytes), kind.format()),
        };
        done.map_err(|_| MediaRefusal::Undecodable { found: self.kind })?;
        Ok(bytes)
    }

    fn resized(&self, width: u32, height: u32, options: &ResizeOptions) -> Result<DynamicImage, MediaRefusal> {
        let source = plain(&self.image);
        let mut small = match source {
            DynamicImage::ImageRgba8(_) => DynamicImage::new_rgba8(width, height),
            _ => DynamicImage::new_rgb8(width, height),
        };
        debug_assert_eq!(source.pixel_type(), small.pixel_type());
        Resizer::new()
            .resize(&source, &mut small, options)
            .map_err(|_| MediaRefusal::Undecodable { found: self.kind })?;
        Ok(small)
    }

    fn encode(&self, image: &DynamicImage) -> Result<Picture, MediaRefusal> {
        let mut bytes = Vec::new();
        let see_through = matches!(image, DynamicImage::ImageRgba8(pixels) if pixels.pixels().any(|p| p.0[3] < 255));
        let (kind, done) = if see_through {
            (Kind::WebP, image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::WebP))
        } else {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
            (Kind::Jpeg, image.to_rgb8().write_with_encoder(encoder))
        };
        done.map_err(|_| MediaRefusal::Undecodable { found: self.kind })?;
        Ok(Picture { kind, bytes: bytes.into() })
    }
}

/// Without anything see-through.
fn on_white(image: &DynamicImage) -> RgbImage {
    let DynamicImage::ImageRgba8(pixels) = image else { return image.to_rgb8() };
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let [red, green, blue, alpha] = pixels.get_pixel(x, y).0.map(u32::from);
        let over = |channel: u32| ((channel * alpha + 255 * (255 - alpha)) / 255).min(255) as u8;
        Rgb([over(red), over(green), over(blue)])
    })
}

/// Eight bits a channel, with an alpha channel only where there is one.
fn plain(image: &DynamicImage) -> DynamicImage {
    if image.color().has_alpha() { image.to_rgba8().into() } else { image.to_rgb8().into() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Those that can be made here as well as read.
    const MADE: [Kind; 6] = [Kind::Jpeg, Kind::Png, Kind::Gif, Kind::WebP, Kind::Bmp, Kind::Tiff];

    pub fn encoded(image: &DynamicImage, kind: Kind) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), kind.format()).unwrap();
        bytes
    }

    #[test]
    fn every_kind_is_recognised_decoded_and_made_small() {
        let image = DynamicImage::new_rgb8(1000, 500);
        for kind in MADE {
            let bytes = encoded(&image, kind);
            assert_eq!(recognise(&bytes, &format!("a.{}", kind.extension())), Ok(kind));
            let small = decode(kind, &bytes).unwrap().thumbnail().unwrap();
            let small = decode(small.kind, &small.bytes).unwrap().image;
            assert_eq!((small.width(), small.height()), (480, 240), "{kind:?}");
        }
    }

    #[test]
    fn the_content_says_what_a_file_is() {
        let png = encoded(&DynamicImage::new_rgb8(2, 2), Kind::Png);
        assert_eq!(recognise(&png, "a.png"), Ok(Kind::Png));
        assert_eq!(recognise(&png, "a.jpg"), Ok(Kind::Png));
        assert_eq!(recognise(&png, "a"), Ok(Kind::Png));
        assert_eq!(recognise(b"", "a.png"), Err(MediaRefusal::Empty));
        assert_eq!(recognise(b"hello", "a.png"), Err(MediaRefusal::Mislabelled { declared: "image/png" }));
        assert_eq!(recognise(b"hello", "a.txt"), Err(MediaRefusal::UnknownType));
    }

    #[test]
    fn a_cut_off_picture_is_refused_wherever_it_is_cut() {
        for kind in MADE {
            let noise = RgbImage::from_fn(64, 64, |x, y| Rgb([((x * 37) ^ (y * 91)) as u8, (x * y) as u8, 9]));
            let bytes = encoded(&noise.into(), kind);
            assert!(decode(kind, &bytes).is_ok(), "{kind:?}");
            let lost = [bytes.len() * 2 / 3, bytes.len() / 2, bytes.len() / 10];
            for lost in lost {
                let outcome = decode(kind, &bytes[..bytes.len() - lost]).map(|d| d.image.width());
                assert_eq!(outcome, Err(MediaRefusal::Undecodable { found: kind }), "{lost} bytes");
            }
        }
    }

    #[test]
    fn a_moving_picture_is_read_to_its_end() {
        let mut bytes = Vec::new();
        let frame =
            || image::Frame::new(image::RgbaImage::from_fn(40, 40, |x, y| image::Rgba([x as u8 * 6, y as u8, 0, 255])));
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        encoder.encode_frames([frame(), frame()]).unwrap();
        drop(encoder);
        assert!(decode(Kind::Gif, &bytes).is_ok());
        let cut = &bytes[..bytes.len() - 50];
        assert_eq!(decode(Kind::Gif, cut).err(), Some(MediaRefusal::Undecodable { found: Kind::Gif }));
    }

    #[test]
    fn a_picture_is_turned_as_its_maker_held_the_camera() {
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        // TIFF head, one entry: orientation 6, a quarter turn.
        let exif = [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
        ImageEncoder::set_exif_metadata(&mut encoder, exif.to_vec()).unwrap();
        DynamicImage::new_rgb8(30, 20).write_with_encoder(encoder).unwrap();
        let image = decode(Kind::Png, &bytes).unwrap().image;
        assert_eq!((image.width(), image.height()), (20, 30));
    }

    #[test]
    fn a_small_file_that_unpacks_into_gigabytes_is_refused_unread() {
        // A BMP header that claims 20,000 × 20,000 pixels.
        let mut bomb = encoded(&DynamicImage::new_rgb8(1, 1), Kind::Bmp);
        bomb[18..22].copy_from_slice(&20_000i32.to_le_bytes());
        bomb[22..26].copy_from_slice(&20_000i32.to_le_bytes());
        let refusal = decode(Kind::Bmp, &bomb).err().unwrap();
        assert_eq!(refusal.code(), "media.too_many_pixels");
    }

    #[test]
    fn see_through_stays_see_through_and_avatars_are_square() {
        let clear = encoded(&DynamicImage::new_rgba8(600, 300), Kind::Png);
        let decoded = decode(Kind::Png, &clear).unwrap();
        assert_eq!(decoded.thumbnail().unwrap().kind, Kind::WebP);
        let avatar = decoded.avatar().unwrap();
        let avatar = decode(avatar.kind, &avatar.bytes).unwrap().image;
        assert_eq!((avatar.width(), avatar.height()), (AVATAR_SIDE, AVATAR_SIDE));
    }
}
