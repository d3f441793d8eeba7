//! What one aggregate does with a value, and with the later part of two. The order of every operation is part of the meaning.

use crate::slices::COPIED;
use crate::table::{float, Table, COUNT};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    F64,
    I64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Sum,
    Min,
    Max,
    /// Mean and sum of squared distances from it.
    Spread,
    First,
    Last,
}

impl Kind {
    /// In the order of `KERNEL_AGGREGATES`.
    pub const ALL: [Kind; 6] = [Kind::Sum, Kind::Min, Kind::Max, Kind::Spread, Kind::First, Kind::Last];

    pub fn width(self) -> usize {
        match self {
            Kind::Sum | Kind::Min | Kind::Max => 1,
            Kind::Spread | Kind::First | Kind::Last => 2,
        }
    }
}

/// An aggregate at its place in a pane.
#[derive(Clone, Copy, Debug)]
pub struct Aggregate {
    pub kind: Kind,
    pub value_type: Type,
    pub column: usize,
    /// Index of its first word.
    pub word: usize,
}

impl Aggregate {
    pub fn is_int_sum(&self) -> bool {
        self.kind == Kind::Sum && self.value_type == Type::I64
    }

    /// Sets its words in a pane without records.
    pub fn initialize(&self, pane: &mut [u64]) {
        pane[self.word] = match (self.kind, self.value_type) {
            (Kind::Min, Type::F64) => f64::INFINITY.to_bits(),
            (Kind::Max, Type::F64) => f64::NEG_INFINITY.to_bits(),
            (Kind::Min, Type::I64) => i64::MAX as u64,
            (Kind::Max, Type::I64) => i64::MIN as u64,
            _ => 0,
        };
        match self.kind {
            // What comes first replaces it.
            Kind::First => pane[self.word + 1] = f64::NAN.to_bits(),
            Kind::Last => pane[self.word + 1] = f64::NEG_INFINITY.to_bits(),
            Kind::Spread => pane[self.word + 1] = 0,
            _ => {}
        }
    }

    /// Adds its words of a later pane to those of an earlier one, whose counts are as before. Returns false where a sum of integers leaves the range.
    pub fn merge(&self, earlier: &mut [u64], later: &[u64]) -> bool {
        let at = self.word;
        match (self.kind, self.value_type) {
            (Kind::Sum, Type::F64) => earlier[at] = (float(earlier[at]) + float(later[at])).to_bits(),
            (Kind::Sum, Type::I64) => match (earlier[at] as i64).checked_add(later[at] as i64) {
                Some(total) => earlier[at] = total as u64,
                None => return false,
            },
            (Kind::Min, Type::F64) => earlier[at] = minimum(float(earlier[at]), float(later[at])).to_bits(),
            (Kind::Max, Type::F64) => earlier[at] = maximum(float(earlier[at]), float(later[at])).to_bits(),
            (Kind::Min, Type::I64) => earlier[at] = (earlier[at] as i64).min(later[at] as i64) as u64,
            (Kind::Max, Type::I64) => earlier[at] = (earlier[at] as i64).max(later[at] as i64) as u64,
            (Kind::Spread, _) => merge_spread(earlier, later, at),
            (Kind::First, _) => {
                if float(later[at + 1]) < float(earlier[at + 1]) {
                    earlier[at..at + 2].copy_from_slice(&later[at..at + 2]);
                }
            }
            (Kind::Last, _) => {
                if float(earlier[at + 1]) <= float(later[at + 1]) {
                    earlier[at..at + 2].copy_from_slice(&later[at..at + 2]);
                }
            }
        }
        true
    }
}

impl Aggregate {
    /// Merges its words of a slice's panes into the panes of a sum that begin at these targets, whose counts are as before.
    pub fn merge_rows(&self, sum: &mut [u64], table: &Table, targets: &[u32]) -> bool {
        let at = self.word;
        let rows = || table.words.chunks_exact(table.stride).zip(targets).filter(|(_, &target)| target != COPIED);
        if self.kind == Kind::Sum && self.value_type == Type::F64 {
            for (later, &target) in rows() {
                let total = &mut sum[target as usize + at];
                *total = (float(*total) + float(later[at])).to_bits();
            }
            return true;
        }
        for (later, &target) in rows() {
            if !self.merge(&mut sum[target as usize..target as usize + table.stride], later) {
                return false;
            }
        }
        true
    }
}

/// Adds a later pane to an earlier one, both with records.
pub fn merge_panes(aggregates: &[Aggregate], earlier: &mut [u64], later: &[u64]) -> bool {
    for aggregate in aggregates {
        if !aggregate.merge(earlier, later) {
            return false;
        }
    }
    earlier[COUNT] = (float(earlier[COUNT]) + float(later[COUNT])).to_bits();
    true
}

/// Chan et al.
fn merge_spread(earlier: &mut [u64], later: &[u64], at: usize) {
    let earlier_count = float(earlier[COUNT]);
    let later_count = float(later[COUNT]);
    let count = earlier_count + later_count;
    let mean = float(earlier[at]);
    let delta = float(later[at]) - mean;
    let squares = float(earlier[at + 1]) + float(later[at + 1]) + (delta * delta * earlier_count * later_count) / count;
    earlier[at] = (mean + (delta * later_count) / count).to_bits();
    earlier[at + 1] = squares.to_bits();
}

/// `Math.min`: NaN wins, and −0 is less than 0. Rust's own `min` lets numbers win against NaN.
#[inline(always)]
pub fn minimum(a: f64, b: f64) -> f64 {
    if a < b {
        a
    } else if b < a {
        b
    } else if a == b {
        f64::from_bits(a.to_bits() | b.to_bits())
    } else {
        f64::NAN
    }
}

/// `Math.max`.
#[inline(always)]
pub fn maximum(a: f64, b: f64) -> f64 {
    if b < a {
        a
    } else if a < b {
        b
    } else if a == b {
        f64::from_bits(a.to_bits() & b.to_bits())
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_are_those_of_javascript() {
        assert_eq!(minimum(0.0, -0.0).to_bits(), (-0.0f64).to_bits());
        assert_eq!(minimum(-0.0, 0.0).to_bits(), (-0.0f64).to_bits());
        assert_eq!(maximum(0.0, -0.0).to_bits(), 0);
        assert_eq!(maximum(-0.0, -0.0).to_bits(), (-0.0f64).to_bits());
        assert!(minimum(f64::NAN, 1.0).is_nan() && minimum(1.0, f64::NAN).is_nan());
        assert!(maximum(f64::NAN, 1.0).is_nan() && maximum(1.0, f64::NAN).is_nan());
        assert_eq!(minimum(f64::NEG_INFINITY, 5e-324), f64::NEG_INFINITY);
        assert_eq!(maximum(-5e-324, 5e-324), 5e-324);
    }
}
