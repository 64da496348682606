//! Boxes in boxes, of which films and some pictures are made (ISO/IEC 14496-12).

/// The boxes in a piece that is in memory, as far as they are whole.
pub(crate) fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let head = bytes.get(..8)?;
        let (size, from) = match number(&head[..4]) {
            0 => (bytes.len(), 8),
            1 => (usize::try_from(number(bytes.get(8..16)?)).ok()?, 16),
            size => (usize::try_from(size).ok()?, 8),
        };
        let held = bytes.get(from..size)?;
        let name = &head[4..8];
        bytes = &bytes[size..];
        Some((name, held))
    })
}

/// What the first box that the path leads to holds.
pub(crate) fn inside<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, name| boxes(bytes).find(|(it, _)| it == name).map(|(_, held)| held))
}

/// A number of up to eight bytes, the highest first.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
