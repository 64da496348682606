//! AVIF pictures (AV1 Image File Format, 1.1; ISO/IEC 23008-12): found in their boxes, decoded by rav1d, and put together.

use crate::{
    Kind, MediaRefusal,
    boxes::{boxes, inside, number},
};
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage, RgbaImage, imageops};
use re_rav1d::dav1d::{
    Decoder, Picture, PixelLayout, PlanarImageComponent, Settings,
    pixel::{MatrixCoefficients, YUVRange},
};

/// What one picture may have: it is in memory twice while its colours are reckoned.
pub(crate) const MAX_PIXELS: u64 = 40_000_000;
const MAX_SIDE: u32 = 30_000;
/// Tiles of a picture that is made of several.
const MAX_TILES: usize = 256;
const ALPHA: &[u8] = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha";

/// Whether a file begins as AVIF.
pub(crate) fn begins(head: &[u8]) -> bool {
    let Some((name, brands)) = boxes(head).next() else { return false };
    let mut brands = brands.chunks_exact(4);
    let major = brands.next();
    let known = |brand: &[u8]| brand == b"avif" || brand == b"avis";
    // Some writers call it a picture of whatever coding first.
    let alike = major == Some(b"mif1") && brands.any(known);
    name == b"ftyp" && (alike || major.is_some_and(known))
}

/// How long one that moves takes, in milliseconds.
pub(crate) fn duration_ms(bytes: &[u8]) -> Option<u64> {
    let moves = bytes.get(8..12) == Some(b"avis");
    let head = inside(bytes, &[b"moov", b"mvhd"]).filter(|_| moves)?;
    let (scale, length) = if *head.first()? == 1 { (20..24, 24..32) } else { (12..16, 16..20) };
    let length = number(head.get(length)?).checked_mul(1000)?.checked_div(number(head.get(scale)?))?;
    Some(length.max(1))
}

/// What is known of the pictures in a file.
struct File<'a> {
    bytes: &'a [u8],
    /// What `meta` holds.
    meta: &'a [u8],
    properties: Vec<(&'a [u8], &'a [u8])>,
}

/// Decodes the picture, turned the way people see it.
pub(crate) fn decode(bytes: &[u8]) -> Result<DynamicImage, MediaRefusal> {
    let damaged = || MediaRefusal::Undecodable { found: Kind::Avif };
    let meta = inside(bytes, &[b"meta"]).and_then(|meta| meta.get(4..)).ok_or_else(damaged)?;
    let properties = inside(meta, &[b"iprp", b"ipco"]).map(|held| boxes(held).collect()).unwrap_or_default();
    let file = File { bytes, meta, properties };
    let id = file.primary().ok_or_else(damaged)?;
    if let Some((width, height)) = file.size(id) {
        within_limits(width, height)?;
    }
    let colours = file.picture(id)?;
    let alpha = file.alpha_of(id).map(|alpha| file.picture(alpha)).transpose()?;
    let image = match alpha {
        None => DynamicImage::from(colours),
        Some(alpha) => see_through(&colours, &alpha).ok_or_else(damaged)?,
    };
    Ok(file.turned(id, image))
}

fn within_limits(width: u32, height: u32) -> Result<(), MediaRefusal> {
    if u64::from(width) * u64::from(height) > MAX_PIXELS || width > MAX_SIDE || height > MAX_SIDE {
        return Err(MediaRefusal::TooManyPixels { width, height, max_pixels: MAX_PIXELS });
    }
    Ok(())
}

/// Reads numbers one after another.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, length: usize) -> Option<u64> {
        self.take(length).map(number)
    }
}

impl<'a> File<'a> {
    fn primary(&self) -> Option<u64> {
        let mut held = Reader(inside(self.meta, &[b"pitm"])?);
        let version = held.number(4)? >> 24;
        held.number(if version == 0 { 2 } else { 4 })
    }

    /// The coding of an item, for example `av01` or `grid`.
    fn coding(&self, id: u64) -> Option<&'a [u8]> {
        let mut held = Reader(inside(self.meta, &[b"iinf"])?);
        let version = held.number(4)? >> 24;
        held.take(if version == 0 { 2 } else { 4 })?;
        boxes(held.0).filter(|(name, _)| *name == b"infe").find_map(|(_, held)| {
            let mut held = Reader(held);
            let version = held.number(4)? >> 24;
            let of = held.number(if version >= 3 { 4 } else { 2 })?;
            held.take(2)?;
            held.take(4).filter(|_| of == id)
        })
    }

    /// The bytes of an item, put together from where they lie.
    fn content(&self, id: u64) -> Option<Vec<u8>> {
        let mut held = Reader(inside(self.meta, &[b"iloc"])?);
        let version = held.number(4)? >> 24;
        let sizes = held.number(2)?;
        let size = |place: u64| usize::try_from(sizes >> place & 0xF).unwrap_or_default();
        let (offset, length, base, index) = (size(12), size(8), size(4), if version == 0 { 0 } else { size(0) });
        let wide = if version < 2 { 2 } else { 4 };
        for _ in 0..held.number(wide)? {
            let of = held.number(wide)?;
            let way = if version == 0 { 0 } else { held.number(2)? & 0xF };
            held.take(2)?;
            let begins = held.number(base)?;
            let mut content = Vec::new();
            for _ in 0..held.number(2)? {
                held.take(index)?;
                let from = usize::try_from(begins.checked_add(held.number(offset)?)?).ok()?;
                let length = usize::try_from(held.number(length)?).ok()?;
                if of == id {
                    let source = if way == 1 { inside(self.meta, &[b"idat"])? } else { self.bytes };
                    let to = if length == 0 { source.len() } else { from.checked_add(length)? };
                    content.extend_from_slice(source.get(from..to)?);
                    // Extents may overlap: no picture is larger than its file.
                    if content.len() > self.bytes.len() {
                        return None;
                    }
                }
            }
            if of == id {
                return Some(content);
            }
        }
        None
    }

    /// What an item refers to in this way.
    fn referred(&self, kind: &[u8], from: u64) -> Vec<u64> {
        self.references(kind).into_iter().find(|(of, _)| *of == from).map(|(_, to)| to).unwrap_or_default()
    }

    fn references(&self, kind: &[u8]) -> Vec<(u64, Vec<u64>)> {
        let Some(held) = inside(self.meta, &[b"iref"]) else { return Vec::new() };
        let wide = if held.first() == Some(&0) { 2 } else { 4 };
        let read = |held: &[u8]| {
            let mut held = Reader(held);
            let from = held.number(wide)?;
            let count = held.number(2)?;
            Some((from, (0..count).map_while(|_| held.number(wide)).collect()))
        };
        let of_kind = boxes(held.get(4..).unwrap_or_default()).filter(|(name, _)| *name == kind);
        of_kind.filter_map(|(_, held)| read(held)).collect()
    }

    /// The properties of an item.
    fn properties_of(&self, id: u64) -> Vec<(&'a [u8], &'a [u8])> {
        let mut all = Vec::new();
        let mut read = || {
            let mut held = Reader(inside(self.meta, &[b"iprp", b"ipma"])?);
            let head = held.number(4)?;
            let (id_size, place_size) = (if head >> 24 == 0 { 2 } else { 4 }, if head & 1 == 0 { 1 } else { 2 });
            for _ in 0..held.number(4)? {
                let of = held.number(id_size)?;
                for _ in 0..held.number(1)? {
                    // The highest bit says that it must be understood.
                    let place = held.number(place_size)? & if place_size == 1 { 0x7F } else { 0x7FFF };
                    let property = usize::try_from(place).ok()?.checked_sub(1).and_then(|at| self.properties.get(at));
                    all.extend(property.filter(|_| of == id));
                }
            }
            Some(())
        };
        read();
        all
    }

    fn property(&self, id: u64, name: &[u8]) -> Option<&'a [u8]> {
        self.properties_of(id).into_iter().find(|(it, _)| *it == name).map(|(_, held)| held)
    }

    fn size(&self, id: u64) -> Option<(u32, u32)> {
        let mut held = Reader(self.property(id, b"ispe")?.get(4..)?);
        Some((u32::try_from(held.number(4)?).ok()?, u32::try_from(held.number(4)?).ok()?))
    }

    /// The item that says how see-through another is.
    fn alpha_of(&self, id: u64) -> Option<u64> {
        let of_it = self.references(b"auxl").into_iter().filter(|(_, to)| to.contains(&id)).map(|(from, _)| from);
        let is_alpha = |item: &u64| {
            self.property(*item, b"auxC").and_then(|held| held.get(4..)).is_some_and(|name| name.starts_with(ALPHA))
        };
        of_it.into_iter().find(is_alpha)
    }

    /// An item, or the tiles it is made of.
    fn picture(&self, id: u64) -> Result<RgbImage, MediaRefusal> {
        let damaged = || MediaRefusal::Undecodable { found: Kind::Avif };
        let content = self.content(id).ok_or_else(damaged)?;
        if self.coding(id) != Some(b"grid") {
            return frame(content);
        }
        let grid = Grid::read(&content).ok_or_else(damaged)?;
        within_limits(grid.width, grid.height)?;
        let tiles = self.referred(b"dimg", id);
        if tiles.len() != grid.columns * grid.rows || tiles.len() > MAX_TILES {
            return Err(damaged());
        }
        let mut whole = RgbImage::new(grid.width, grid.height);
        for (place, tile) in tiles.into_iter().enumerate() {
            let tile = frame(self.content(tile).ok_or_else(damaged)?)?;
            let at = |place: usize, side: u32| i64::try_from(place).unwrap_or(i64::MAX).saturating_mul(side.into());
            let (x, y) = (at(place % grid.columns, tile.width()), at(place / grid.columns, tile.height()));
            imageops::replace(&mut whole, &tile, x, y);
        }
        Ok(whole)
    }

    /// As it is to be shown.
    fn turned(&self, id: u64, image: DynamicImage) -> DynamicImage {
        let first = |name: &[u8]| self.property(id, name).and_then(|held| held.first().copied());
        // Quarter turns against the clock.
        let turned = match first(b"irot").map(|turns| turns & 3) {
            Some(1) => image.rotate270(),
            Some(2) => image.rotate180(),
            Some(3) => image.rotate90(),
            _ => image,
        };
        match first(b"imir").map(|axis| axis & 1) {
            Some(0) => turned.flipv(),
            Some(_) => turned.fliph(),
            None => turned,
        }
    }
}

struct Grid {
    rows: usize,
    columns: usize,
    width: u32,
    height: u32,
}

impl Grid {
    fn read(content: &[u8]) -> Option<Self> {
        let mut held = Reader(content);
        held.take(1)?;
        let wide = if held.number(1)? & 1 == 0 { 2 } else { 4 };
        let (rows, columns) = (held.number(1)? + 1, held.number(1)? + 1);
        let (width, height) = (held.number(wide)?, held.number(wide)?);
        let (rows, columns) = (usize::try_from(rows).ok()?, usize::try_from(columns).ok()?);
        Some(Self { rows, columns, width: u32::try_from(width).ok()?, height: u32::try_from(height).ok()? })
    }
}

/// One coded picture.
fn frame(content: Vec<u8>) -> Result<RgbImage, MediaRefusal> {
    let undecodable = |_| MediaRefusal::Undecodable { found: Kind::Avif };
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(u32::try_from(MAX_PIXELS).unwrap_or(u32::MAX));
    let mut decoder = Decoder::with_settings(&settings).map_err(undecodable)?;
    decoder.send_data(content, None, None, None).map_err(undecodable)?;
    let picture = decoder.get_picture().map_err(undecodable)?;
    within_limits(picture.width(), picture.height())?;
    Ok(colours(&picture))
}

/// One plane, with numbers of any size as 0 to 1.
struct Samples {
    bytes: re_rav1d::dav1d::Plane,
    stride: usize,
    wide: bool,
    /// How many columns and rows of the picture share one number.
    shared: (u32, u32),
}

impl Samples {
    fn of(picture: &Picture, component: PlanarImageComponent, shared: (u32, u32)) -> Self {
        let stride = usize::try_from(picture.stride(component)).unwrap_or_default();
        Self { bytes: picture.plane(component), stride, wide: picture.bit_depth() > 8, shared }
    }

    fn at(&self, x: u32, y: u32) -> f32 {
        let place = |value: u32, shared: u32| usize::try_from(value / shared).unwrap_or_default();
        let (x, row) = (place(x, self.shared.0), place(y, self.shared.1) * self.stride);
        if self.wide {
            let pair = [self.bytes[row + x * 2], self.bytes[row + x * 2 + 1]];
            return f32::from(u16::from_ne_bytes(pair));
        }
        f32::from(self.bytes[row + x])
    }
}

/// Brightness and colour differences as red, green and blue (ITU-T H.273, 8.3).
fn colours(picture: &Picture) -> RgbImage {
    let bits = picture.bits_per_component().map_or(8, |bits| bits.0);
    #[allow(clippy::cast_precision_loss, reason = "up to 4095")]
    let (most, unit) = (((1u32 << bits) - 1) as f32, (1u32 << (bits - 8)) as f32);
    let full = picture.color_range() == YUVRange::Full;
    let (black, light, tint) = if full { (0.0, most, most) } else { (16.0 * unit, 219.0 * unit, 224.0 * unit) };
    let middle = 128.0 * unit;
    let luma = Samples::of(picture, PlanarImageComponent::Y, (1, 1));
    let bright = |x, y| (luma.at(x, y) - black) / light;
    let shared = match picture.pixel_layout() {
        PixelLayout::I400 => {
            return RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
                let grey = eight(bright(x, y));
                Rgb([grey; 3])
            });
        }
        PixelLayout::I420 => (2, 2),
        PixelLayout::I422 => (2, 1),
        PixelLayout::I444 => (1, 1),
    };
    let blue = Samples::of(picture, PlanarImageComponent::U, shared);
    let red = Samples::of(picture, PlanarImageComponent::V, shared);
    let (of_red, of_blue) = match picture.matrix_coefficients() {
        MatrixCoefficients::Identity => {
            let plain = |samples: &Samples, x, y| eight((samples.at(x, y) - black) / light);
            return RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
                Rgb([plain(&red, x, y), plain(&luma, x, y), plain(&blue, x, y)])
            });
        }
        MatrixCoefficients::BT709 => (0.2126, 0.0722),
        MatrixCoefficients::BT2020NonConstantLuminance | MatrixCoefficients::BT2020ConstantLuminance => {
            (0.2627, 0.0593)
        }
        _ => (0.299, 0.114),
    };
    let of_green = 1.0 - of_red - of_blue;
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let y_ = bright(x, y);
        let (cb, cr) = ((blue.at(x, y) - middle) / tint, (red.at(x, y) - middle) / tint);
        let (r, b) = (y_ + 2.0 * (1.0 - of_red) * cr, y_ + 2.0 * (1.0 - of_blue) * cb);
        let g = (y_ - of_red * r - of_blue * b) / of_green;
        Rgb([eight(r), eight(g), eight(b)])
    })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 to 255")]
fn eight(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

/// Colours with how see-through they are, which is as large or is enlarged to it.
fn see_through(colours: &RgbImage, alpha: &RgbImage) -> Option<DynamicImage> {
    let (width, height) = colours.dimensions();
    let alpha = GrayImage::from_fn(alpha.width(), alpha.height(), |x, y| Luma([alpha.get_pixel(x, y).0[0]]));
    let alpha = if alpha.dimensions() == (width, height) {
        alpha
    } else {
        imageops::resize(&alpha, width, height, imageops::FilterType::Triangle)
    };
    let pixels = colours.pixels().zip(alpha.pixels()).flat_map(|(Rgb([r, g, b]), Luma([a]))| [*r, *g, *b, *a]);
    RgbaImage::from_raw(width, height, pixels.collect()).map(DynamicImage::from)
}
