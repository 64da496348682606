//! Who gets the places of a worker: each workspace its share, so that one with ten thousand posts due keeps none waiting.

use crier_model::WorkspaceId;
use std::collections::{HashMap, HashSet};

/// A workspace may have all places but this part of them, which is kept for the next to come.
const KEPT: usize = 8;

/// The places of a worker and who has them now.
#[derive(Debug)]
pub(crate) struct Shares {
    places: usize,
    taken: usize,
    by_workspace: HashMap<WorkspaceId, usize>,
}

impl Shares {
    /// `held` are the workspaces of all work in flight; work that belongs to none has no share to exceed.
    pub fn of(places: usize, held: impl Iterator<Item = Option<WorkspaceId>>) -> Self {
        let mut shares = Self { places, taken: 0, by_workspace: HashMap::new() };
        for workspace in held {
            shares.taken += 1;
            if let Some(workspace) = workspace {
                *shares.by_workspace.entry(workspace).or_default() += 1;
            }
        }
        shares
    }

    /// How many places are free.
    pub fn room(&self) -> usize {
        self.places.saturating_sub(self.taken)
    }

    /// How many pieces to claim at once while several workspaces wait: few, so that shares are looked at again between.
    pub fn few(&self) -> usize {
        self.room().min((self.places / KEPT).max(1)).min(self.until_full())
    }

    /// How many pieces to claim at once while nobody else waits.
    pub fn left_for(&self, workspace: WorkspaceId) -> usize {
        let held = self.by_workspace.get(&workspace).copied().unwrap_or_default();
        self.room().min(self.most().saturating_sub(held))
    }

    /// Who has their share or more, were one more workspace to come.
    pub fn above(&self) -> Vec<WorkspaceId> {
        self.with_at_least((self.places / (self.by_workspace.len() + 1)).max(1))
    }

    /// Who has as much as anybody may have.
    pub fn full(&self) -> Vec<WorkspaceId> {
        self.with_at_least(self.most())
    }

    /// How many more pieces may be claimed so that nobody gets more than that.
    fn until_full(&self) -> usize {
        let left = self.by_workspace.values().filter_map(|held| self.most().checked_sub(*held));
        left.filter(|left| *left > 0).min().unwrap_or(self.most())
    }

    fn most(&self) -> usize {
        (self.places - self.places / KEPT).max(1)
    }

    fn with_at_least(&self, count: usize) -> Vec<WorkspaceId> {
        self.by_workspace.iter().filter(|(_, held)| **held >= count).map(|(workspace, _)| *workspace).collect()
    }
}

/// The most workspaces a round goes through before the next begins, so that leaving them out stays cheap.
const ROUND: usize = 1_000;

/// Who had work claimed in this round. The shares alone are not enough: a workspace whose work ends as fast as it is claimed never has
/// its share, and with the oldest work it would be the first every time.
#[derive(Debug, Default)]
pub(crate) struct Turns(HashSet<WorkspaceId>);

impl Turns {
    pub fn took(&mut self, workspaces: impl Iterator<Item = WorkspaceId>) {
        if self.0.len() >= ROUND {
            self.0.clear();
        }
        self.0.extend(workspaces);
    }

    /// These, and who had their turn.
    pub fn and(&self, above: &[WorkspaceId]) -> Vec<WorkspaceId> {
        let waiting = self.0.iter().filter(|workspace| !above.contains(workspace));
        above.iter().chain(waiting).copied().collect()
    }

    pub fn next_round(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Shares, Turns};
    use crier_model::WorkspaceId;

    #[test]
    fn one_workspace_gets_nearly_all_and_leaves_room_for_the_next() {
        let one = WorkspaceId::new();
        let held = |count| Shares::of(64, std::iter::repeat_n(Some(one), count));
        assert_eq!((held(0).few(), held(31).above(), held(32).above()), (8, vec![], vec![one]));
        assert_eq!((held(0).left_for(one), held(40).left_for(one), held(56).left_for(one)), (56, 16, 0));
        assert_eq!((held(55).full(), held(56).full()), (vec![], vec![one]));
        assert_eq!((held(60).few(), held(53).few(), held(56).few()), (4, 3, 8));
    }

    #[test]
    fn shares_get_smaller_with_every_workspace() {
        let ids: Vec<_> = (0..3).map(|_| WorkspaceId::new()).collect();
        let held =
            [(0, 20), (1, 16), (2, 15)].into_iter().flat_map(|(n, count)| std::iter::repeat_n(Some(ids[n]), count));
        let mut above = Shares::of(64, held).above();
        above.sort();
        assert_eq!(above, ids[..2]);
    }

    #[test]
    fn who_had_a_turn_is_left_out_until_the_next_round() {
        let (one, two) = (WorkspaceId::new(), WorkspaceId::new());
        let mut turns = Turns::default();
        turns.took([one].into_iter());
        assert_eq!((turns.and(&[]), turns.and(&[one]), turns.and(&[two])), (vec![one], vec![one], vec![two, one]));
        turns.next_round();
        assert_eq!(turns.and(&[two]), vec![two]);
    }

    #[test]
    fn a_worker_with_one_place_works() {
        let one = WorkspaceId::new();
        assert_eq!(Shares::of(1, std::iter::empty()).room(), 1);
        assert_eq!(Shares::of(1, [Some(one)].into_iter()).room(), 0);
        assert_eq!(Shares::of(2, [Some(one)].into_iter()).full(), vec![]);
    }
}
