//! Vector pictures, which some networks have of their accounts. They are drawn once and kept as pixels, for an SVG in a page of
//! ours could carry scripts. Text is left out, and so is everything that is not in the file itself.

use image::{DynamicImage, RgbaImage};
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{ImageHrefResolver, Options, Tree},
};

/// Far more than an account's picture has; what a drawing takes grows with its parts.
const MAX_BYTES: usize = 512 * 1024;

/// Draws the middle square of an SVG, `side` pixels wide; none when it is no SVG or can't be drawn.
pub(crate) fn square(svg: &[u8], side: u32) -> Option<DynamicImage> {
    if svg.len() > MAX_BYTES {
        return None;
    }
    let nothing_else =
        ImageHrefResolver { resolve_data: Box::new(|_, _, _| None), resolve_string: Box::new(|_, _| None) };
    let tree = Tree::from_data(svg, &Options { image_href_resolver: nothing_else, ..Options::default() }).ok()?;
    let (width, height) = (tree.size().width(), tree.size().height());
    #[allow(clippy::cast_precision_loss, reason = "some hundred pixels")]
    let wanted = side as f32;
    let scale = wanted / width.min(height);
    let middle = |length: f32| (wanted - length * scale) / 2.0;
    let at = Transform::from_scale(scale, scale).post_translate(middle(width), middle(height));
    let mut drawn = Pixmap::new(side, side)?;
    resvg::render(&tree, at, &mut drawn.as_mut());
    let pixels = drawn.pixels().iter().flat_map(|pixel| {
        let pixel = pixel.demultiply();
        [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]
    });
    RgbaImage::from_raw(side, side, pixels.collect()).map(DynamicImage::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_square_is_drawn() {
        let svg = r##"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">
            <rect width="10" height="20" fill="#f00"/><rect x="10" width="20" height="20" fill="#00f"/></svg>"##;
        let drawn = square(svg.as_bytes(), 64).unwrap().to_rgba8();
        assert_eq!(drawn.dimensions(), (64, 64));
        assert!(drawn.pixels().all(|pixel| pixel.0 == [0, 0, 255, 255]));
    }

    #[test]
    fn nothing_outside_the_file_is_read() {
        let picture = tempfile::NamedTempFile::with_suffix(".png").unwrap();
        image::RgbImage::from_pixel(8, 8, image::Rgb([255, 0, 0])).save(picture.path()).unwrap();
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><image href="{}" width="8" height="8"/></svg>"#,
            picture.path().display()
        );
        assert!(square(svg.as_bytes(), 8).unwrap().to_rgba8().pixels().all(|pixel| pixel.0[3] == 0));
    }

    #[test]
    fn what_is_no_drawing_is_none() {
        for wrong in ["", "<html></html>", "<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'/>", "<svg"] {
            assert!(square(wrong.as_bytes(), 8).is_none(), "{wrong}");
        }
        // Entities that grow without end.
        let bomb = format!(
            "<!DOCTYPE svg [<!ENTITY a '{}'>{}]><svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'><text>&i;</text></svg>",
            "x".repeat(1000),
            ('b'..='i')
                .map(|name| format!("<!ENTITY {name} '{}'>", format!("&{};", (name as u8 - 1) as char).repeat(20)))
                .collect::<String>()
        );
        assert!(square(bomb.as_bytes(), 8).is_none());
    }
}
