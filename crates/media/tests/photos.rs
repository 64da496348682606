//! Photos as iPhones make them.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "videos are for other tests")]
mod made;

use crier_media::{HeifConvert, MediaError, MediaRefusal, ProgramLimits};
use made::House;
use std::process::Command;

async fn house() -> House {
    let mut house = House::new().await;
    let heif = HeifConvert::find(None, ProgramLimits::default());
    assert!(heif.is_some(), "heif-convert is needed for this test: script/bootstrap test installs it");
    house.library = house.library.with_heif(heif);
    house
}

/// A JPEG that says where it was taken, red above and blue below.
fn photo() -> Vec<u8> {
    let image =
        image::RgbImage::from_fn(320, 200, |_, y| image::Rgb(if y < 100 { [220, 30, 30] } else { [30, 30, 220] }));
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95);
    let mut exif = b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec();
    exif.extend(b"52.5200N 13.4050E");
    image::ImageEncoder::set_exif_metadata(&mut encoder, exif).unwrap();
    image.write_with_encoder(encoder).unwrap();
    bytes
}

/// HEIC files of as many pictures.
fn heic(pictures: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("heif-enc");
    for number in 0..pictures {
        let jpeg = folder.path().join(format!("{number}.jpg"));
        std::fs::write(&jpeg, photo()).unwrap();
        command.arg(jpeg);
    }
    let made = folder.path().join("photo.heic");
    let done = command.arg("-o").arg(&made).output().expect("heif-enc is needed: script/bootstrap test installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::read(made).unwrap()
}

/// Gives the picture of a HEIC file a quarter turn to the left, as phones do that are held upright: a property `irot`.
/// Boxes are as heif-enc writes them.
fn turned(heic: &[u8]) -> Vec<u8> {
    let mut bytes = heic.to_vec();
    let number = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let find = |bytes: &[u8], name: &[u8; 4]| bytes.windows(4).position(|it| it == name).unwrap() - 4;
    let grow = |bytes: &mut Vec<u8>, at: usize, by: u32| {
        let size = number(bytes, at) + by;
        bytes[at..at + 4].copy_from_slice(&size.to_be_bytes());
    };
    // The associations first, for they come after the properties: the first item's gets one more.
    let (ipma, ipco) = (find(&bytes, b"ipma"), find(&bytes, b"ipco"));
    let mut properties = 0;
    let mut at = ipco + 8;
    while at < ipco + number(&bytes, ipco) as usize {
        at += number(&bytes, at) as usize;
        properties += 1u8;
    }
    let count_at = ipma + 12 + 4 + 2;
    let count = bytes[count_at];
    bytes[count_at] = count + 1;
    bytes.insert(count_at + 1 + usize::from(count), 0x80 | (properties + 1));
    grow(&mut bytes, ipma, 1);
    let end = ipco + number(&bytes, ipco) as usize;
    bytes.splice(end..end, *b"\0\0\0\x09irot\x01");
    grow(&mut bytes, ipco, 9);
    let (iprp, meta) = (find(&bytes, b"iprp"), find(&bytes, b"meta"));
    grow(&mut bytes, iprp, 10);
    grow(&mut bytes, meta, 10);
    // The items lie further on. Each has 18 bytes: its id, where it begins, and one piece of it.
    let iloc = find(&bytes, b"iloc");
    for item in 0..usize::from(bytes[iloc + 15]) {
        grow(&mut bytes, iloc + 16 + 18 * item + 4, 10);
    }
    bytes
}

#[tokio::test]
async fn a_heic_photo_is_taken_in_as_a_jpeg_that_says_nothing_of_its_place() {
    let house = house().await;
    let heic = heic(1);
    assert!(heic.windows(8).any(|words| words == b"52.5200N"));
    let file = house.add("IMG_0001.HEIC", heic.clone()).await.unwrap();
    assert_eq!((file.name.as_str(), file.mime.as_str()), ("IMG_0001.jpg", "image/jpeg"));
    assert_eq!((file.width, file.height), (Some(320), Some(200)));
    let bytes = house.library.original(&file).await.unwrap();
    assert_eq!(bytes.len() as u64, file.size);
    assert!(!bytes.windows(8).any(|words| words == b"52.5200N"));
    let red = image::load_from_memory(&bytes).unwrap().to_rgb8().get_pixel(160, 20).0;
    assert!(red[0] > 180 && red[2] < 80, "{red:?}");
    // The same photo is the file that is there already.
    assert_eq!(house.add("again.heic", heic).await.unwrap().id, file.id);
    house.library.delete(house.workspace, file.id, false).await.unwrap();
    assert_eq!(house.files(), 0, "nothing is left behind");
}

#[tokio::test]
async fn a_heic_photo_is_turned_the_way_it_is_seen() {
    let house = house().await;
    let file = house.add("upright.heic", turned(&heic(1))).await.unwrap();
    assert_eq!((file.width, file.height), (Some(200), Some(320)));
    let bytes = house.library.original(&file).await.unwrap();
    // What was above is on the left after a quarter turn to the left.
    let left = image::load_from_memory(&bytes).unwrap().to_rgb8().get_pixel(20, 160).0;
    assert!(left[0] > 180 && left[2] < 80, "{left:?}");
}

#[tokio::test]
async fn of_several_pictures_the_first_is_taken_and_a_cut_one_is_refused() {
    let house = house().await;
    assert_eq!(house.add("two.heic", heic(2)).await.unwrap().mime, "image/jpeg");
    let before = house.files();
    let whole = heic(1);
    let cut = house.add("cut.heic", whole[..whole.len() / 2].to_vec()).await;
    assert!(matches!(cut, Err(MediaError::Refused(MediaRefusal::UnreadableHeic))), "{cut:?}");
    assert_eq!(house.files(), before, "nothing is left behind");
}
