//! The panes of one span.

/// Up to this many panes are looked through; sessions have one or two.
const LOOKED_THROUGH_MAX: usize = 8;
/// A direct index has at most this many places for each pane that there is room for.
const PLACES_PER_PANE_MAX: usize = 4;
/// 2^32 divided by the golden ratio: neighbouring keys land far from each other.
const GOLDEN: u32 = 0x9e37_79b1;

/// Words of every pane: its position and its count; its accumulators follow.
pub const POSITION: usize = 0;
pub const COUNT: usize = 1;

/// Keys and words by row, in the order in which panes were created, and an index.
///
/// Keys that lie close together, as ids and key slots do, are looked up in a direct index: a place for every key from `base` on. Others are hashed.
pub struct Table {
    pub start: f64,
    pub end: f64,
    pub stride: usize,
    /// Whether the rows lie by ascending position.
    pub is_in_order: bool,
    pub keys: Vec<i32>,
    /// `stride` words a pane, as bits.
    pub words: Vec<u64>,
    /// The key that the direct index begins with.
    base: i32,
    /// Row + 1 by key − base; 0 is free. Empty where keys are hashed or looked through, or where there are none yet.
    direct: Vec<u32>,
    /// Row + 1 in the high half and the key in the low one; 0 is free, and half of it is at least. Empty while the table is small or its index direct.
    hashed: Vec<u64>,
    shift: u32,
}

/// What is told of a table that another is to be like.
#[derive(Clone, Copy, Default)]
pub struct Likeness {
    pub count: usize,
    base: i32,
    places: usize,
}

/// Looks keys up in a table that does not change meanwhile.
pub struct Finder<'a> {
    table: &'a Table,
    base: i32,
    direct: &'a [u32],
}

impl Finder<'_> {
    #[inline(always)]
    pub fn find(&self, key: i32) -> Option<usize> {
        let place = key.wrapping_sub(self.base) as u32 as usize;
        if let Some(&found) = self.direct.get(place) {
            return (found as usize).checked_sub(1);
        }
        if self.direct.is_empty() {
            self.table.find_hashed(key)
        } else {
            None
        }
    }
}

impl Likeness {
    /// Of a table whose keys nothing is known of.
    pub fn of_count(count: usize) -> Likeness {
        Likeness { count, ..Likeness::default() }
    }
}

impl Table {
    /// With the room that a table with the same keys would need.
    pub fn new(start: f64, end: f64, stride: usize, like: Likeness) -> Table {
        let mut table = Table {
            start,
            end,
            stride,
            is_in_order: true,
            keys: Vec::with_capacity(like.count),
            words: Vec::with_capacity(like.count * stride),
            base: like.base,
            direct: Vec::new(),
            hashed: Vec::new(),
            shift: 0,
        };
        if LOOKED_THROUGH_MAX < like.count && like.places <= PLACES_PER_PANE_MAX * like.count {
            table.direct = vec![0; like.places];
        }
        table
    }

    pub fn likeness(&self) -> Likeness {
        Likeness { count: self.len(), base: self.base, places: self.direct.len() }
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn bytes(&self) -> usize {
        self.keys.capacity() * 4 + self.words.capacity() * 8 + self.direct.capacity() * 4 + self.hashed.capacity() * 8
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
        self.finder().find(key)
    }

    #[inline(always)]
    pub fn finder(&self) -> Finder<'_> {
        Finder { table: self, base: self.base, direct: &self.direct }
    }

    fn find_hashed(&self, key: i32) -> Option<usize> {
        if self.hashed.is_empty() {
            return self.keys.iter().position(|&present| present == key);
        }
        let mask = self.hashed.len() - 1;
        let mut at = home(key, self.shift);
        loop {
            // SAFETY: the length of the index is a power of two, so a masked number lies in it, and `shift` leaves one that does.
            let entry = unsafe { *self.hashed.get_unchecked(at) };
            if entry == 0 {
                return None;
            }
            if entry as i32 == key {
                return Some((entry >> 32) as usize - 1);
            }
            at = (at + 1) & mask;
        }
    }

    /// As `insert`; returns where the pane begins.
    #[inline]
    pub fn create(&mut self, key: i32, pane: &[u64]) -> *mut u64 {
        let row = self.insert(key, pane);
        self.words.as_mut_ptr().wrapping_add(row * self.stride)
    }

    /// A row with these words for a key that has none.
    #[inline(always)]
    pub fn insert(&mut self, key: i32, pane: &[u64]) -> usize {
        let row = self.keys.len();
        if 0 < row && position_of(pane[POSITION]) < position_of(self.words[(row - 1) * self.stride + POSITION]) {
            self.is_in_order = false;
        }
        self.keys.push(key);
        self.words.extend_from_slice(pane);
        let place = key.wrapping_sub(self.base) as u32 as usize;
        if place < self.direct.len() {
            self.direct[place] = row as u32 + 1;
        } else {
            self.insert_elsewhere(key, row);
        }
        row
    }

    #[inline(never)]
    fn insert_elsewhere(&mut self, key: i32, row: usize) {
        if !self.direct.is_empty() {
            self.widen(key);
        } else if !self.hashed.is_empty() && 2 * self.keys.len() <= self.hashed.len() {
            enter(&mut self.hashed, self.shift, key, row);
        } else if !self.hashed.is_empty() || LOOKED_THROUGH_MAX < self.keys.len() {
            self.build_index();
        }
    }

    /// The last row takes the place of the removed one.
    pub fn remove(&mut self, row: usize) {
        let last = self.keys.len() - 1;
        let (key, last_key) = (self.keys[row], self.keys[last]);
        if !self.direct.is_empty() {
            self.direct[key.wrapping_sub(self.base) as u32 as usize] = 0;
            if row != last {
                self.direct[last_key.wrapping_sub(self.base) as u32 as usize] = row as u32 + 1;
            }
        } else if !self.hashed.is_empty() {
            self.erase(key);
            if row != last {
                let at = self.entry_of(last_key);
                self.hashed[at] = entry(last_key, row);
            }
        }
        self.keys.swap_remove(row);
        if row != last {
            self.is_in_order = false;
            self.words.copy_within(last * self.stride..(last + 1) * self.stride, row * self.stride);
        }
        self.words.truncate(last * self.stride);
    }

    /// With room for twice as many panes.
    fn build_index(&mut self) {
        let (least, most) = self.keys.iter().fold((i32::MAX, i32::MIN), |(least, most), &key| (least.min(key), most.max(key)));
        let places = (i64::from(most) - i64::from(least)) as u64 + 1;
        // A usize has 32 bits in WebAssembly, and the range of all keys needs one more.
        let wanted = places.next_power_of_two();
        if wanted <= (2 * PLACES_PER_PANE_MAX * self.keys.len()) as u64 {
            // What is to spare lies on both sides: of keys that come by chance, some more will.
            self.place(least.wrapping_sub(((wanted - places) / 2) as i32), wanted as usize);
        } else {
            self.hash_all();
        }
    }

    /// Makes room in the direct index for a key that was just given a row, or gives the index up where that were too much.
    fn widen(&mut self, key: i32) {
        let base = if self.keys.len() == 1 { key } else { self.base };
        let end = i64::from(base) + self.direct.len() as i64;
        let places = (end.max(i64::from(key) + 1) - i64::from(base.min(key))) as usize;
        let places_max = 2 * PLACES_PER_PANE_MAX * self.keys.len().max(LOOKED_THROUGH_MAX);
        if places_max < places {
            return self.hash_all();
        }
        let wanted = places.next_power_of_two().min(places_max);
        self.place(if key < base { (end - wanted as i64) as i32 } else { base }, wanted);
    }

    fn place(&mut self, base: i32, places: usize) {
        self.base = base;
        // What was there is given back before the new one is made.
        self.hashed = Vec::new();
        self.direct = Vec::new();
        self.direct.resize(places, 0);
        for (row, &key) in self.keys.iter().enumerate() {
            self.direct[key.wrapping_sub(base) as u32 as usize] = row as u32 + 1;
        }
    }

    fn hash_all(&mut self) {
        let length = (4 * self.keys.len()).next_power_of_two();
        self.direct = Vec::new();
        self.hashed = Vec::new();
        self.hashed.resize(length, 0);
        self.shift = 32 - length.trailing_zeros();
        for (row, &key) in self.keys.iter().enumerate() {
            enter(&mut self.hashed, self.shift, key, row);
        }
    }

    /// Where the entry of a key that is there lies.
    fn entry_of(&self, key: i32) -> usize {
        let mask = self.hashed.len() - 1;
        let mut at = home(key, self.shift);
        while self.hashed[at] as i32 != key || self.hashed[at] == 0 {
            at = (at + 1) & mask;
        }
        at
    }

    /// Closes the gap, so that no key is cut off from where its search begins.
    fn erase(&mut self, key: i32) {
        let mask = self.hashed.len() - 1;
        let mut gap = self.entry_of(key);
        let mut at = (gap + 1) & mask;
        while self.hashed[at] != 0 {
            let wanted = home(self.hashed[at] as i32, self.shift);
            // The entry may move back only as far as its home: when the gap lies cyclically in [home, at).
            if at.wrapping_sub(gap) & mask <= at.wrapping_sub(wanted) & mask {
                self.hashed[gap] = self.hashed[at];
                gap = at;
            }
            at = (at + 1) & mask;
        }
        self.hashed[gap] = 0;
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

/// A position is kept as position + 1 in a pane that has changed since its changes were last listed, and as the negative of that in any other: so a pane is
/// marked as changed without asking whether it is.
#[inline(always)]
pub fn changed(position: f64) -> f64 {
    position + 1.0
}

#[inline(always)]
pub fn unchanged(position: f64) -> f64 {
    -1.0 - position
}

#[inline(always)]
pub fn position_of(word: u64) -> f64 {
    float(word).abs() - 1.0
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
        let likenesses = [Likeness::default(), Likeness { count: 16, base: 5000, places: 64 }, Likeness { count: 400, base: -9, places: 1024 }];
        for (like, spread) in likenesses.into_iter().flat_map(|like| [1, 3, 64, 65_536].map(|spread| (like, spread))) {
            let mut table = Table::new(0.0, 1.0, 1, like);
            let mut present = std::collections::BTreeMap::new();
            for step in 0..20_000u64 {
                let key = ((random() % 700) as i32 - 350).wrapping_mul(spread);
                match table.find(key) {
                    Some(row) => {
                        assert_eq!(present.remove(&key), Some(table.words[row]));
                        table.remove(row);
                    }
                    None => {
                        let word = changed(step as f64).to_bits();
                        table.insert(key, &[word]);
                        assert_eq!(present.insert(key, word), None);
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
