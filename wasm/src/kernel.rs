//! One kernel: spans, each with its table, the rows that come in and the panes that go out.

use crate::aggregate::{maximum, merge_panes, minimum, Aggregate, Kind, Type};
use crate::order::{firing_order, group_of_number};
use crate::slices::sum_of_slices;
use crate::table::{changed, float, position_of, unchanged, Likeness, Table, COUNT, POSITION};

/// Rows that one call takes or gives at most.
pub const ROWS_MAX: usize = 1024;
/// Keys from here on stand for key slots.
pub const FIRST_KEY_SLOT: i32 = 0x4000_0000;
/// What `read` and `fire` answer where a sum of integers leaves the range of 64 bits.
pub const OVERFLOW: i32 = -1;
/// Where a sum stands that is all there is, and how many words such a pane has.
const TOTAL: usize = COUNT + 1;
const STRIDE_OF_SUM: usize = TOTAL + 1;
const OPEN: &str = "a span is used between open and drop";
const CANONICAL_NAN: u64 = 0x7ff8_0000_0000_0000;

pub struct Spec {
    pub columns: Vec<Type>,
    /// Kind and column of each aggregate.
    pub aggregates: Vec<(Kind, usize)>,
    pub max_parallelism: u32,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    group: u16,
    is_told_free: bool,
    /// Number of panes.
    references: u32,
}

/// Which table the last `fire` or `list` lists.
enum Listed {
    Nothing,
    Span(usize),
    Sum(Table),
}

/// Columns of rows on their way in.
pub struct Input {
    pub keys: Box<[i32]>,
    pub spans: Box<[i32]>,
    pub timestamps: Box<[f64]>,
    /// Bits of numbers or integers.
    pub values: Vec<Box<[u64]>>,
}

/// Columns of panes on their way out.
pub struct Output {
    pub keys: Box<[i32]>,
    pub positions: Box<[f64]>,
    pub words: Vec<Box<[u64]>>,
}

pub struct Kernel {
    pub input: Input,
    pub output: Output,
    pub(crate) stride: usize,
    pub(crate) tables: Vec<Option<Table>>,
    pub(crate) next_position: f64,
    pub(crate) free_handles: Vec<usize>,
    max_parallelism: u32,
    aggregates: Vec<Aggregate>,
    /// The types of the words, without the position's.
    word_types: Vec<Type>,
    /// The words of a pane without records.
    blank: Vec<u64>,
    has_int_sums: bool,
    needs_counts: bool,
    /// Index of a sum of numbers that is computed while rows are counted.
    fused_sum: Option<usize>,
    size: usize,
    /// The next span mostly gets as many panes as the one before.
    last_opened: Option<usize>,
    last_dropped: Likeness,
    /// The first word of each row's pane, for as long as a call of `add` lasts, and the number of records in it.
    targets: Box<[*mut u64]>,
    counts: Box<[f64]>,
    listed: Listed,
    order: Vec<u32>,
    slots: Vec<Slot>,
    maybe_free: Vec<u32>,
}

fn fused_sum(aggregates: &[Aggregate]) -> Option<usize> {
    if aggregates.iter().any(|aggregate| aggregate.kind == Kind::Spread) {
        return None;
    }
    aggregates.iter().position(|aggregate| aggregate.kind == Kind::Sum && aggregate.value_type == Type::F64)
}

fn boxed<T: Clone + Default>() -> Box<[T]> {
    vec![T::default(); ROWS_MAX].into_boxed_slice()
}

impl Kernel {
    pub fn new(spec: Spec) -> Kernel {
        let mut word_types = vec![Type::F64];
        let mut aggregates = Vec::new();
        for &(kind, column) in &spec.aggregates {
            let value_type = spec.columns[column];
            aggregates.push(Aggregate { kind, value_type, column, word: 1 + word_types.len() });
            word_types.push(value_type);
            word_types.extend((1..kind.width()).map(|_| Type::F64));
        }
        let mut blank = vec![0; 1 + word_types.len()];
        for aggregate in &aggregates {
            aggregate.initialize(&mut blank);
        }
        Kernel {
            input: Input { keys: boxed(), spans: boxed(), timestamps: boxed(), values: spec.columns.iter().map(|_| boxed()).collect() },
            output: Output { keys: boxed(), positions: boxed(), words: word_types.iter().map(|_| boxed()).collect() },
            stride: 1 + word_types.len(),
            tables: Vec::new(),
            next_position: 0.0,
            free_handles: Vec::new(),
            max_parallelism: spec.max_parallelism,
            has_int_sums: aggregates.iter().any(Aggregate::is_int_sum),
            needs_counts: aggregates.iter().any(|aggregate| aggregate.kind == Kind::Spread),
            fused_sum: fused_sum(&aggregates),
            aggregates,
            word_types,
            blank,
            size: 0,
            last_opened: None,
            last_dropped: Likeness::default(),
            targets: vec![core::ptr::null_mut(); ROWS_MAX].into_boxed_slice(),
            counts: boxed(),
            listed: Listed::Nothing,
            order: Vec::new(),
            slots: Vec::new(),
            maybe_free: Vec::new(),
        }
    }

    pub fn size(&self) -> usize {
        self.size
    }

    pub fn next_position(&self) -> f64 {
        self.next_position
    }

    pub fn used_bytes(&self) -> usize {
        self.tables.iter().flatten().map(Table::bytes).sum()
    }

    pub fn open(&mut self, start: f64, end: f64) -> usize {
        let like = self.last_opened.map_or(self.last_dropped, |last| self.table(last).likeness());
        let table = Table::new(start, end, self.stride, like);
        let span = self.free_handles.pop().unwrap_or(self.tables.len());
        if span == self.tables.len() {
            self.tables.push(None);
        }
        self.tables[span] = Some(table);
        self.last_opened = Some(span);
        span
    }

    pub fn drop_span(&mut self, span: usize) {
        let table = self.tables[span].take().expect(OPEN);
        for &key in &table.keys {
            self.release(key);
        }
        self.size -= table.len();
        self.free_handles.push(span);
        self.listed = Listed::Nothing;
        if self.last_opened == Some(span) {
            self.last_opened = None;
            self.last_dropped = table.likeness();
        }
    }

    pub fn count(&self, span: usize) -> usize {
        self.table(span).len()
    }

    /// Whether the keys of these rows of the input stand for themselves: all others are negative once this much is added.
    pub fn are_own_keys(&self, from: usize, count: usize) -> bool {
        0 <= self.input.keys[from..from + count].iter().fold(0, |bits, key| bits | key.wrapping_add(FIRST_KEY_SLOT))
    }

    /// Adds the first `count` rows of the input. Returns false, and has changed nothing, where a sum of integers would leave the range.
    pub fn add(&mut self, count: usize) -> bool {
        assert!(count <= ROWS_MAX);
        if let ([Aggregate { column, word: TOTAL, .. }], Some(_)) = (&self.aggregates[..], self.fused_sum) {
            self.sum_rows(*column, count);
            return true;
        }
        self.resolve(count);
        if self.has_int_sums && !self.add_int_sums(count) {
            return false;
        }
        self.count_rows(count);
        for index in 0..self.aggregates.len() {
            if self.fused_sum != Some(index) {
                self.aggregate_rows(self.aggregates[index], count);
            }
        }
        true
    }

    /// Merges the panes of a key in several spans into row 0 of the output: 1, or 0 where there is none, or `OVERFLOW`.
    pub fn read(&mut self, spans: &[i32], key: i32) -> i32 {
        let mut merged: Option<Vec<u64>> = None;
        let mut position = f64::INFINITY;
        for &span in spans {
            let table = self.table(span as usize);
            let Some(row) = table.find(key) else { continue };
            let pane = table.pane(row);
            position = position.min(position_of(pane[POSITION]));
            match &mut merged {
                None => merged = Some(pane.to_vec()),
                Some(earlier) => {
                    if !merge_panes(&self.aggregates, earlier, pane) {
                        return OVERFLOW;
                    }
                }
            }
        }
        let Some(mut pane) = merged else { return 0 };
        pane[POSITION] = changed(position).to_bits();
        write_pane(&mut self.output, &self.word_types, key, &pane, 0);
        1
    }

    /// Makes row 0 of the output the pane of its key in this span.
    pub fn put(&mut self, span: usize, is_change: bool) {
        let key = self.output.keys[0];
        let position = self.output.positions[0];
        let mut pane = vec![if is_change { changed(position) } else { unchanged(position) }.to_bits()];
        pane.extend(self.output.words.iter().map(|column| column[0]));
        match self.table(span).find(key) {
            Some(row) => self.table_mut(span).replace(row, &pane),
            None => {
                self.count_pane(key);
                self.table_mut(span).insert(key, &pane);
            }
        }
        self.next_position = self.next_position.max(position + 1.0);
    }

    pub fn remove(&mut self, span: usize, key: i32) {
        let table = self.table_mut(span);
        let Some(row) = table.find(key) else { return };
        table.remove(row);
        self.size -= 1;
        self.release(key);
    }

    /// Puts the keys of a window, made of these spans, into the order in which they fire; returns how many, or `OVERFLOW`.
    pub fn fire(&mut self, spans: &[i32], contents: bool) -> i32 {
        // The last sum is given back before the next one is made.
        self.listed = Listed::Nothing;
        let groups = |slots: &[Slot], most: u32, key: i32| match key {
            FIRST_KEY_SLOT.. => slots[(key - FIRST_KEY_SLOT) as usize].group,
            _ => group_of_number(key, most),
        };
        let key_groups = self.max_parallelism as usize;
        if let [span] = spans {
            self.order = firing_order(self.table(*span as usize), key_groups, |key| groups(&self.slots, self.max_parallelism, key));
            self.listed = Listed::Span(*span as usize);
        } else {
            let Some(sum) = self.sum_of(spans, contents) else { return OVERFLOW };
            self.order = firing_order(&sum, key_groups, |key| groups(&self.slots, self.max_parallelism, key));
            self.listed = Listed::Sum(sum);
        }
        self.order.len() as i32
    }

    /// Lists the panes of a span, or those that have changed since this was last asked.
    pub fn list(&mut self, span: usize, only_changed: bool) -> usize {
        let stride = self.stride;
        let mut order = Vec::new();
        let table = self.table_mut(span);
        for row in 0..table.len() {
            let word = &mut table.words[row * stride + POSITION];
            if only_changed {
                if float(*word) < 0.0 {
                    continue;
                }
                *word = (-float(*word)).to_bits();
            }
            order.push(row as u32);
        }
        self.listed = Listed::Span(span);
        self.order = order;
        self.order.len()
    }

    /// All panes count as not changed.
    pub fn settle(&mut self) {
        let stride = self.stride;
        for table in self.tables.iter_mut().flatten() {
            for pane in table.words.chunks_exact_mut(stride) {
                pane[POSITION] = (-float(pane[POSITION]).abs()).to_bits();
            }
        }
    }

    /// Writes listed panes to the output.
    pub fn take(&mut self, from: usize, count: usize) {
        let table = match &self.listed {
            Listed::Nothing => return,
            Listed::Span(span) => self.tables[*span].as_ref().expect("a span is listed between open and drop"),
            Listed::Sum(table) => table,
        };
        let Output { keys, positions, words } = &mut self.output;
        let rows = || self.order[from..from + count].iter().map(|&row| row as usize);
        for (row, (key, position)) in rows().zip(keys.iter_mut().zip(positions)) {
            *key = table.keys[row];
            *position = position_of(table.pane(row)[POSITION]);
        }
        for (word, (column, &word_type)) in words.iter_mut().zip(&self.word_types).enumerate() {
            for (row, to) in rows().zip(column.iter_mut()) {
                *to = given_out(table.pane(row)[COUNT + word], word_type);
            }
        }
    }

    pub fn name_slot(&mut self, slot: usize, group: u16) {
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, Slot::default());
        }
        self.slots[slot] = Slot { group, ..Slot::default() };
    }

    /// Key slots whose last pane has gone since this was last asked.
    pub fn take_freed_slots(&mut self) -> Vec<u32> {
        let mut freed = core::mem::take(&mut self.maybe_free);
        freed.retain(|&slot| {
            let slot = &mut self.slots[slot as usize];
            let is_free = slot.references == 0 && !slot.is_told_free;
            slot.is_told_free |= is_free;
            is_free
        });
        freed
    }

    pub(crate) fn table(&self, span: usize) -> &Table {
        self.tables[span].as_ref().expect(OPEN)
    }

    fn table_mut(&mut self, span: usize) -> &mut Table {
        self.tables[span].as_mut().expect(OPEN)
    }

    /// A pane of this key is about to be inserted.
    pub(crate) fn count_pane(&mut self, key: i32) {
        self.size += 1;
        if FIRST_KEY_SLOT <= key {
            self.slots[(key - FIRST_KEY_SLOT) as usize].references += 1;
        }
    }

    fn release(&mut self, key: i32) {
        if key < FIRST_KEY_SLOT {
            return;
        }
        let slot = &mut self.slots[(key - FIRST_KEY_SLOT) as usize];
        slot.references -= 1;
        if slot.references == 0 {
            self.maybe_free.push((key - FIRST_KEY_SLOT) as u32);
        }
    }

    /// All of it in one pass, where one sum of numbers is all that there is.
    fn sum_rows(&mut self, column: usize, count: usize) {
        assert!(self.stride == STRIDE_OF_SUM);
        let numbers = self.input.values[column].as_ptr().cast::<f64>();
        let (keys, spans) = (self.input.keys.as_ptr(), self.input.spans.as_ptr());
        let mut row = 0;
        while row < count {
            // SAFETY: the columns have ROWS_MAX rows.
            let span = unsafe { *spans.add(row) };
            let table = self.tables[span as usize].as_mut().expect(OPEN);
            let words = table.words.as_mut_ptr();
            let finder = table.finder();
            // As far as the rows stay in one span and meet keys that it has.
            while row < count && unsafe { *spans.add(row) } == span {
                let Some(found) = finder.find(unsafe { *keys.add(row) }) else { break };
                // SAFETY: a row that is found has so many words: position, count and total.
                unsafe { add_number(words.add(found * STRIDE_OF_SUM), TOTAL, *numbers.add(row)) };
                row += 1;
            }
            if row < count && unsafe { *spans.add(row) } == span {
                let key = unsafe { *keys.add(row) };
                let blank = [self.take_position(key), 0, 0];
                // SAFETY: as before.
                unsafe { add_number(self.table_mut(span as usize).create(key, &blank), TOTAL, *numbers.add(row)) };
                row += 1;
            }
        }
    }

    /// Finds or creates the pane of each row.
    fn resolve(&mut self, count: usize) {
        let stride = self.stride;
        let mut row = 0;
        while row < count {
            let span = self.input.spans[row];
            let table = self.tables[span as usize].as_mut().expect(OPEN);
            let words = table.words.as_mut_ptr();
            // As far as the rows stay in one span and meet keys that it has.
            while row < count && self.input.spans[row] == span {
                let Some(found) = table.find(self.input.keys[row]) else { break };
                self.targets[row] = words.wrapping_add(found * stride);
                row += 1;
            }
            if row < count && self.input.spans[row] == span {
                self.create(span, row);
                row += 1;
            }
        }
    }

    /// A pane of this key is about to be created: its first word.
    fn take_position(&mut self, key: i32) -> u64 {
        self.count_pane(key);
        self.next_position += 1.0;
        changed(self.next_position - 1.0).to_bits()
    }

    /// Creates the pane of a row. Where the table moves for it, the panes that were found before have moved too.
    fn create(&mut self, span: i32, row: usize) {
        let before = self.table(span as usize).words.as_ptr() as usize;
        let key = self.input.keys[row];
        self.blank[POSITION] = self.take_position(key);
        self.targets[row] = self.tables[span as usize].as_mut().expect(OPEN).create(key, &self.blank);
        let words = self.table(span as usize).words.as_ptr();
        if words as usize == before {
            return;
        }
        for (target, _) in self.targets[..row].iter_mut().zip(&self.input.spans[..row]).filter(|(_, &other)| other == span) {
            *target = words.cast_mut().wrapping_byte_add(*target as usize - before);
        }
    }

    /// Calls `each` with every row and a word of the pane that it is added to.
    #[inline(always)]
    fn for_each_pane(&self, count: usize, word: usize, mut each: impl FnMut(usize, *mut u64)) {
        assert!(count <= ROWS_MAX);
        // Through a pointer: the compiler cannot know that what is written to a pane leaves this column as it is.
        let targets = self.targets.as_ptr();
        for row in 0..count {
            // SAFETY: the columns have ROWS_MAX rows. The pane of each row is where `resolve` has found it, and `word` is one of its words.
            each(row, unsafe { (*targets.add(row)).add(word) });
        }
    }

    /// Counts every row, and marks its pane as changed; adds up a column of numbers on the way where there is one.
    fn count_rows(&mut self, count: usize) {
        if let Some(Aggregate { column, word, .. }) = self.fused_sum.map(|index| self.aggregates[index]) {
            let numbers = self.input.values[column].as_ptr().cast::<f64>();
            // SAFETY: see `aggregate_rows`; position and count are the first two words.
            return self.for_each_pane(count, POSITION, |row, pane| unsafe { add_number(pane, word, *numbers.add(row)) });
        }
        let counts = self.needs_counts.then(|| self.counts.as_mut_ptr());
        // SAFETY: see `for_each_pane`; position and count are the first two words.
        self.for_each_pane(count, POSITION, |row, position| unsafe {
            *position = float(*position).abs().to_bits();
            let counted = position.add(COUNT);
            let total = float(*counted) + 1.0;
            *counted = total.to_bits();
            if let Some(counts) = counts {
                *counts.add(row) = total;
            }
        });
    }

    fn aggregate_rows(&mut self, Aggregate { kind, value_type, column, word }: Aggregate, count: usize) {
        let bits = self.input.values[column].as_ptr();
        let (numbers, ints) = (bits.cast::<f64>(), bits.cast::<i64>());
        let timestamps = self.input.timestamps.as_ptr();
        let counts = self.counts.as_ptr();
        // SAFETY of what follows: see `for_each_pane`; the columns have ROWS_MAX rows, and aggregates of two words use the second.
        match (kind, value_type) {
            (Kind::Sum, Type::F64) => self.for_each_pane(count, word, |row, at| unsafe { *at = (float(*at) + *numbers.add(row)).to_bits() }),
            // Added before.
            (Kind::Sum, Type::I64) => {}
            (Kind::Min, Type::F64) => self.for_each_pane(count, word, |row, at| unsafe { *at = minimum(float(*at), *numbers.add(row)).to_bits() }),
            (Kind::Max, Type::F64) => self.for_each_pane(count, word, |row, at| unsafe { *at = maximum(float(*at), *numbers.add(row)).to_bits() }),
            (Kind::Min, Type::I64) => self.for_each_pane(count, word, |row, at| unsafe { *at = (*at as i64).min(*ints.add(row)) as u64 }),
            (Kind::Max, Type::I64) => self.for_each_pane(count, word, |row, at| unsafe { *at = (*at as i64).max(*ints.add(row)) as u64 }),
            // Welford's mean and sum of squared distances.
            (Kind::Spread, _) => self.for_each_pane(count, word, |row, at| unsafe {
                let value = *numbers.add(row);
                let mean = float(*at);
                let delta = value - mean;
                let next_mean = mean + delta / *counts.add(row);
                *at = next_mean.to_bits();
                *at.add(1) = (float(*at.add(1)) + delta * (value - next_mean)).to_bits();
            }),
            // A new pane has NaN for its time, with which no comparison holds.
            (Kind::First, _) => self.for_each_pane(count, word, |row, at| unsafe {
                let timestamp = *timestamps.add(row);
                if !(float(*at.add(1)) <= timestamp) {
                    *at = *bits.add(row);
                    *at.add(1) = timestamp.to_bits();
                }
            }),
            (Kind::Last, _) => self.for_each_pane(count, word, |row, at| unsafe {
                let timestamp = *timestamps.add(row);
                if !(timestamp < float(*at.add(1))) {
                    *at = *bits.add(row);
                    *at.add(1) = timestamp.to_bits();
                }
            }),
        }
    }

    /// The only ones that can fail come first, so that they alone need undoing.
    fn add_int_sums(&mut self, count: usize) -> bool {
        let sums: Vec<Aggregate> = self.aggregates.iter().copied().filter(Aggregate::is_int_sum).collect();
        for (index, &sum) in sums.iter().enumerate() {
            let mut overflows = false;
            let ints = self.input.values[sum.column].as_ptr().cast::<i64>();
            // SAFETY: see `aggregate_rows`.
            self.for_each_pane(count, sum.word, |row, at| unsafe {
                let (total, left) = (*at as i64).overflowing_add(*ints.add(row));
                *at = total as u64;
                overflows |= left;
            });
            if !overflows {
                continue;
            }
            for &done in &sums[..=index] {
                let bits = self.input.values[done.column].as_ptr();
                // SAFETY: see `aggregate_rows`.
                self.for_each_pane(count, done.word, |row, at| unsafe { *at = (*at).wrapping_sub(*bits.add(row)) });
            }
            self.remove_empty(count);
            return false;
        }
        true
    }

    /// Removes the panes that `resolve` has created, the last one first.
    fn remove_empty(&mut self, count: usize) {
        for row in (0..count).rev() {
            let span = self.input.spans[row] as usize;
            let table = self.table(span);
            let pane = (self.targets[row] as usize - table.words.as_ptr() as usize) / (8 * self.stride);
            if pane + 1 == table.len() && table.keys[pane] == self.input.keys[row] && table.pane(pane)[COUNT] == 0 {
                self.remove(span, self.input.keys[row]);
                self.next_position -= 1.0;
            }
        }
    }

    /// The panes of a window, each merged from its slices; none where a sum of integers leaves the range.
    fn sum_of(&self, spans: &[i32], contents: bool) -> Option<Table> {
        let slices: Vec<&Table> = spans.iter().map(|&span| self.table(span as usize)).collect();
        let aggregates = if contents { &self.aggregates[..] } else { &[] };
        sum_of_slices(&slices, self.stride, aggregates)
    }
}

/// Counts a row in its pane, marks that as changed, and adds a number to one of its words.
///
/// # Safety
/// A pane begins there that has this word.
#[inline(always)]
unsafe fn add_number(pane: *mut u64, word: usize, number: f64) {
    let position = pane.add(POSITION);
    *position = float(*position).abs().to_bits();
    let counted = pane.add(COUNT);
    *counted = (float(*counted) + 1.0).to_bits();
    let total = pane.add(word);
    *total = (float(*total) + number).to_bits();
}

fn write_pane(output: &mut Output, types: &[Type], key: i32, pane: &[u64], index: usize) {
    output.keys[index] = key;
    output.positions[index] = position_of(pane[POSITION]);
    for (word, &word_type) in types.iter().enumerate() {
        output.words[word][index] = given_out(pane[COUNT + word], word_type);
    }
}

#[inline(always)]
fn given_out(bits: u64, word_type: Type) -> u64 {
    if word_type == Type::F64 && float(bits).is_nan() {
        CANONICAL_NAN
    } else {
        bits
    }
}
