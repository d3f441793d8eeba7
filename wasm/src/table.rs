//! The panes of one span.

/// Up to this many panes are looked through; sessions have one or two.
const LOOKED_THROUGH_MAX: usize = 8;
/// 2^32 divided by the golden ratio: neighbouring keys land far from each other.
const GOLDEN: u32 = 0x9e37_79b1;

/// Words of every pane: its position and its count; its accumulators follow.
pub const POSITION: usize = 0;
pub const COUNT: usize = 1;

/// Keys and words by row, in the order in which panes were created, and an index by open addressing.
pub struct Table {
    pub start: f64,
    pub end: f64,
    pub stride: usize,
    /// Whether the rows lie by ascending position.
    pub is_in_order: bool,
    pub keys: Vec<i32>,
    /// `stride` words a pane, as bits.
    pub words: Vec<u64>,
    /// `row + 1` in the high half and the key in the low one; 0 is free, and half of it is at least. Empty while the table is small.
    index: Vec<u64>,
    shift: u32,
}

impl Table {
    pub fn new(start: f64, end: f64, stride: usize, expected: usize) -> Table {
        let mut table = Table {
            start,
            end,
            stride,
            is_in_order: true,
            keys: Vec::with_capacity(expected),
            words: Vec::with_capacity(expected * stride),
            index: Vec::new(),
            shift: 0,
        };
        if LOOKED_THROUGH_MAX < expected {
            table.build_index(expected);
        }
        table
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn bytes(&self) -> usize {
        self.keys.capacity() * 4 + self.words.capacity() * 8 + self.index.capacity() * 8
    }

    pub fn pane(&self, row: usize) -> &[u64] {
        &self.words[row * self.stride..(row + 1) * self.stride]
    }

    pub fn pane_mut(&mut self, row: usize) -> &mut [u64] {
        &mut self.words[row * self.stride..(row + 1) * self.stride]
    }

    pub fn replace(&mut self, row: usize, pane: &[u64]) {
        if position_of(self.pane(row)[POSITION]) != position_of(pane[POSITION]) {
            self.is_in_order = false;
        }
        self.pane_mut(row).copy_from_slice(pane);
    }

    #[inline(always)]
    pub fn find(&self, key: i32) -> Option<usize> {
        if self.index.is_empty() {
            return self.keys.iter().position(|&present| present == key);
        }
        let mask = self.index.len() - 1;
        let mut at = home(key, self.shift);
        loop {
            // SAFETY: the length of the index is a power of two, so a masked number lies in it, and `shift` leaves one that does.
            let entry = unsafe { *self.index.get_unchecked(at) };
            if entry == 0 {
                return None;
            }
            if entry as i32 == key {
                return Some((entry >> 32) as usize - 1);
            }
            at = (at + 1) & mask;
        }
    }

    /// A row with these words for a key that has none.
    pub fn insert(&mut self, key: i32, pane: &[u64]) -> usize {
        let row = self.keys.len();
        if 0 < row && position_of(pane[POSITION]) < position_of(self.pane(row - 1)[POSITION]) {
            self.is_in_order = false;
        }
        self.keys.push(key);
        self.words.extend_from_slice(&pane[..self.stride]);
        if LOOKED_THROUGH_MAX < self.keys.len() && self.index.len() < 2 * self.keys.len() {
            self.build_index(2 * self.keys.len());
        } else if !self.index.is_empty() {
            enter(&mut self.index, self.shift, key, row);
        }
        row
    }

    /// The last row takes the place of the removed one.
    pub fn remove(&mut self, row: usize) {
        let last = self.keys.len() - 1;
        if !self.index.is_empty() {
            self.erase(self.keys[row]);
            if row != last {
                let at = self.entry_of(self.keys[last]);
                self.index[at] = entry(self.keys[last], row);
            }
        }
        self.keys.swap_remove(row);
        if row != last {
            self.is_in_order = false;
            self.words.copy_within(last * self.stride..(last + 1) * self.stride, row * self.stride);
        }
        self.words.truncate(last * self.stride);
    }

    /// With room for `count` panes.
    fn build_index(&mut self, count: usize) {
        let length = (2 * count).next_power_of_two();
        self.index = Vec::new();
        self.index.resize(length, 0);
        self.shift = 32 - length.trailing_zeros();
        for (row, &key) in self.keys.iter().enumerate() {
            enter(&mut self.index, self.shift, key, row);
        }
    }

    /// Where the entry of a key that is there lies.
    fn entry_of(&self, key: i32) -> usize {
        let mask = self.index.len() - 1;
        let mut at = home(key, self.shift);
        while self.index[at] as i32 != key || self.index[at] == 0 {
            at = (at + 1) & mask;
        }
        at
    }

    /// Closes the gap, so that no key is cut off from where its search begins.
    fn erase(&mut self, key: i32) {
        let mask = self.index.len() - 1;
        let mut gap = self.entry_of(key);
        let mut at = (gap + 1) & mask;
        while self.index[at] != 0 {
            let wanted = home(self.index[at] as i32, self.shift);
            // The entry may move back only as far as its home: when the gap lies cyclically in [home, at).
            if at.wrapping_sub(gap) & mask <= at.wrapping_sub(wanted) & mask {
                self.index[gap] = self.index[at];
                gap = at;
            }
            at = (at + 1) & mask;
        }
        self.index[gap] = 0;
    }
}

fn entry(key: i32, row: usize) -> u64 {
    ((row as u64 + 1) << 32) | u64::from(key as u32)
}

fn enter(index: &mut [u64], shift: u32, key: i32, row: usize) {
    let mask = index.len() - 1;
    let mut at = home(key, shift);
    while index[at] != 0 {
        at = (at + 1) & mask;
    }
    index[at] = entry(key, row);
}

/// The high half is folded in first: a product alone would keep keys apart that differ in their low bits only.
#[inline(always)]
fn home(key: i32, shift: u32) -> usize {
    let bits = key as u32;
    ((bits ^ (bits >> 16)).wrapping_mul(GOLDEN) >> shift) as usize
}

#[inline(always)]
pub fn float(word: u64) -> f64 {
    f64::from_bits(word)
}

/// A position is kept as −1 − position in a pane that has not changed since its changes were last listed.
#[inline(always)]
pub fn unchanged(position: f64) -> f64 {
    -1.0 - position
}

pub fn position_of(word: u64) -> f64 {
    let position = float(word);
    if position < 0.0 {
        unchanged(position)
    } else {
        position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_inserted_and_not_removed() {
        let mut seed = 1u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 8
        };
        for spread in [1, 64, 65_536] {
            let mut table = Table::new(0.0, 1.0, 1, 0);
            let mut present = std::collections::BTreeMap::new();
            for step in 0..20_000u64 {
                let key = ((random() % 700) as i32 - 350).wrapping_mul(spread);
                match table.find(key) {
                    Some(row) => {
                        assert_eq!(present.remove(&key), Some(table.words[row]));
                        table.remove(row);
                    }
                    None => {
                        table.insert(key, &[step]);
                        assert_eq!(present.insert(key, step), None);
                    }
                }
                assert_eq!(table.len(), present.len());
            }
            for (&key, &word) in &present {
                assert_eq!(table.find(key).map(|row| table.words[row]), Some(word));
            }
        }
    }
}
