//! The order in which the keys of a window fire.

use crate::table::{position_of, Table, POSITION};

/// Below this many panes, comparing them costs less than counting those of every key group.
const COUNTED_PANES_MIN: usize = 64;

/// Rows by key group, then position. They mostly lie by position, so counting by group is enough; those of a sum of slices are sorted before, by a sort that
/// makes use of the runs that the slices left.
pub fn firing_order(table: &Table, key_groups: usize, group_of: impl Fn(i32) -> u16) -> Vec<u32> {
    let groups: Vec<u16> = table.keys.iter().map(|&key| group_of(key)).collect();
    let mut rows: Vec<u32> = (0..groups.len() as u32).collect();
    if !table.is_in_order {
        rows.sort_by(|&a, &b| position(table, a).total_cmp(&position(table, b)));
    }
    if groups.len() < COUNTED_PANES_MIN {
        rows.sort_by_key(|&row| groups[row as usize]);
        return rows;
    }
    let mut next = vec![0u32; key_groups + 1];
    for &group in &groups {
        next[group as usize + 1] += 1;
    }
    for group in 1..next.len() {
        next[group] += next[group - 1];
    }
    let mut order = vec![0; rows.len()];
    for row in rows {
        let group = groups[row as usize] as usize;
        order[next[group] as usize] = row;
        next[group] += 1;
    }
    order
}

fn position(table: &Table, row: u32) -> f64 {
    position_of(table.words[row as usize * table.stride + POSITION])
}

/// The key group of a whole number, as `keyGroupOf` of core/state computes it: Flink's murmur of the hash of Java's Long.
pub fn group_of_number(key: i32, key_groups: u32) -> u16 {
    (murmur(if key < 0 { !key } else { key }) % key_groups) as u16
}

fn murmur(code: i32) -> u32 {
    let mut hash = (code as u32).wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593).rotate_left(13);
    hash = hash.wrapping_mul(5).wrapping_add(0xe654_6b64);
    hash ^= 4;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^= hash >> 16;
    // The absolute value of the smallest number does not fit an int of Java; Flink takes 0.
    (hash as i32).checked_abs().unwrap_or(0) as u32
}
