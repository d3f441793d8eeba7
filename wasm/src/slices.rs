//! Windows that are made of slices: their panes are sums.

use crate::aggregate::{Aggregate, Kind, Type};
use crate::table::{float, Table, COUNT};

/// A later pane is not merged where it was just copied: it is the first of its key.
pub const COPIED: u32 = u32::MAX;

/// The panes of slices by ascending start, merged by key, each with the position in its earliest slice; none where a sum of integers leaves the range. Without
/// aggregates, only keys, positions and counts are of use.
pub fn sum_of_slices(slices: &[&Table], stride: usize, aggregates: &[Aggregate]) -> Option<Table> {
    let like = slices.iter().map(|table| table.likeness()).max_by_key(|like| like.count).unwrap_or_default();
    let mut sum = Table::new(0.0, 0.0, stride, like);
    let mut targets = Vec::new();
    for &table in slices {
        if let [Aggregate { kind: Kind::Sum, value_type: Type::F64, word, .. }] = aggregates {
            sum_up_numbers(&mut sum, table, *word);
            continue;
        }
        sum_up(&mut sum, table, &mut targets);
        if !aggregates.iter().all(|aggregate| aggregate.merge_rows(&mut sum.words, table, &targets)) {
            return None;
        }
        merge_counts(&mut sum.words, table, &targets);
    }
    Some(sum)
}

/// Finds for each row of a slice where the first word of its key's pane in the sum lies; copies the panes of keys that are new.
fn sum_up(sum: &mut Table, table: &Table, targets: &mut Vec<u32>) {
    targets.clear();
    targets.reserve(table.len());
    for (row, &key) in table.keys.iter().enumerate() {
        targets.push(match sum.find(key) {
            Some(present) => (present * sum.stride) as u32,
            None => {
                sum.insert(key, table.pane(row));
                COPIED
            }
        });
    }
}

/// All of it in one pass, where one sum is all that there is.
fn sum_up_numbers(sum: &mut Table, table: &Table, word: usize) {
    let stride = sum.stride;
    for (later, &key) in table.words.chunks_exact(stride).zip(&table.keys) {
        let Some(present) = sum.find(key) else {
            sum.insert(key, later);
            continue;
        };
        let pane = &mut sum.words[present * stride..(present + 1) * stride];
        pane[COUNT] = (float(pane[COUNT]) + float(later[COUNT])).to_bits();
        pane[word] = (float(pane[word]) + float(later[word])).to_bits();
    }
}

fn merge_counts(sum: &mut [u64], table: &Table, targets: &[u32]) {
    for (later, &target) in table.words.chunks_exact(table.stride).zip(targets) {
        if target != COPIED {
            let count = &mut sum[target as usize + COUNT];
            *count = (float(*count) + float(later[COUNT])).to_bits();
        }
    }
}
