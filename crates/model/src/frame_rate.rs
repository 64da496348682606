//! How many pictures a second a video shows.

use std::fmt;

/// Frames a second on the average, to the thousandth: 29.97 and 59.94 are common, and cameras of telephones keep to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameRate(u32);

impl FrameRate {
    /// So many whole frames a second.
    #[must_use]
    pub const fn per_second(frames: u32) -> Self {
        Self::of_thousandths(frames.saturating_mul(1000))
    }

    /// As it is kept: frames in a thousand seconds.
    #[must_use]
    pub const fn of_thousandths(thousandths: u32) -> Self {
        Self(thousandths)
    }

    /// So many frames in so many ticks, of which there are `scale` a second. None where either is 0: then it isn't known.
    #[must_use]
    pub fn of(frames: u64, ticks: u64, scale: u64) -> Option<Self> {
        if frames == 0 || ticks == 0 || scale == 0 {
            return None;
        }
        let (counted, ticks) = (u128::from(frames).checked_mul(u128::from(scale) * 1000)?, u128::from(ticks));
        u32::try_from(counted.checked_add(ticks / 2)? / ticks).ok().map(Self)
    }

    /// Frames in a thousand seconds.
    #[must_use]
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// The whole number it goes by: what is called 24 may be 23.976, and what is called 60 comes out of a telephone as 60.02.
    #[must_use]
    pub const fn rounded(self) -> u32 {
        self.0.saturating_add(500) / 1000
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = format!("{}.{:03}", self.0 / 1000, self.0 % 1000);
        f.write_str(said.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::FrameRate;

    #[test]
    fn a_rate_is_exact_to_the_thousandth_and_unknown_where_nothing_is_counted() {
        let ntsc = FrameRate::of(30_000, 1_001_000, 1000).unwrap();
        assert_eq!((ntsc.thousandths(), ntsc.rounded(), ntsc.to_string()), (29_970, 30, "29.97".to_owned()));
        assert_eq!(FrameRate::of(180, 180_000, 90_000), Some(FrameRate::per_second(90)));
        assert_eq!(FrameRate::per_second(60).to_string(), "60");
        assert_eq!(FrameRate::of(1, 20, 1).unwrap().to_string(), "0.05");
        for nothing in [(0, 0, 1000), (0, 10, 1000), (10, 0, 1000), (10, 10, 0), (u64::MAX, 1, u64::MAX)] {
            assert_eq!(FrameRate::of(nothing.0, nothing.1, nothing.2), None, "{nothing:?}");
        }
    }
}
