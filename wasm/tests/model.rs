//! The kernel against maps of plain accumulators, on random rows. A failure prints its seed.

use std::collections::BTreeMap;
use tamias_kernel::{Kernel, Kind, Spec, Type, FIRST_KEY_SLOT, OVERFLOW, ROWS_MAX};

const SEEDS: u64 = 300;
const ALL: [(Kind, usize); 10] = [
    (Kind::Sum, 0),
    (Kind::Min, 0),
    (Kind::Max, 0),
    (Kind::Spread, 0),
    (Kind::First, 0),
    (Kind::Last, 0),
    (Kind::Sum, 1),
    (Kind::Min, 1),
    (Kind::Max, 1),
    (Kind::Last, 1),
];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> usize {
        (self.next() % bound) as usize
    }

    fn number(&mut self) -> f64 {
        const NASTY: [f64; 9] = [f64::NAN, 0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, 5e-324, -5e-324, 1e308, 0.1];
        match self.below(4) {
            0 => NASTY[self.below(9)],
            1 => f64::from_bits(self.next()),
            _ => self.below(1000) as f64 / 7.0,
        }
    }

    fn integer(&mut self) -> i64 {
        match self.below(400) {
            0 => i64::MAX,
            1 => i64::MIN,
            _ => self.below(2000) as i64 - 1000,
        }
    }
}

/// Everything that one key has in one span.
#[derive(Clone, Debug)]
struct Pane {
    position: f64,
    rows: Vec<(f64, f64, i64)>,
}

fn key_of(number: usize) -> i32 {
    if number % 3 == 0 {
        FIRST_KEY_SLOT + number as i32
    } else {
        (number as i32 - 30) * 4099
    }
}

/// The words of the rows of several spans, each summed by itself and then by the next; undefined where integers overflow.
fn words_of(parts: &[&Pane]) -> Option<Vec<u64>> {
    let count: usize = parts.iter().map(|pane| pane.rows.len()).sum();
    let mut words = vec![(count as f64).to_bits()];
    let number = |&(_, value, _): &(f64, f64, i64)| value;
    let sums = parts.iter().map(|pane| pane.rows.iter().map(number).fold(0.0, |sum, value| sum + value));
    words.push(sums.reduce(|a, b| a + b)?.to_bits());
    let all: Vec<_> = parts.iter().flat_map(|pane| pane.rows.iter().copied()).collect();
    // Rust's total order has −0 below 0; a NaN wins.
    let extreme = |least: bool| {
        if all.iter().any(|row| row.1.is_nan()) {
            return f64::NAN;
        }
        let sorted = || all.iter().map(number);
        if least { sorted().min_by(f64::total_cmp) } else { sorted().max_by(f64::total_cmp) }.expect("there is a row")
    };
    words.push(extreme(true).to_bits());
    words.push(extreme(false).to_bits());
    words.extend(spread_of(parts));
    let first = all.iter().fold(all[0], |kept, &row| if row.0 < kept.0 { row } else { kept });
    let last = all.iter().fold(all[0], |kept, &row| if kept.0 <= row.0 { row } else { kept });
    words.extend([first.1.to_bits(), first.0.to_bits(), last.1.to_bits(), last.0.to_bits()]);
    let int_sums: Option<Vec<i64>> = parts.iter().map(|pane| pane.rows.iter().try_fold(0i64, |sum, row| sum.checked_add(row.2))).collect();
    words.push(int_sums?.into_iter().try_fold(0i64, i64::checked_add)? as u64);
    words.push(all.iter().map(|row| row.2).min()? as u64);
    words.push(all.iter().map(|row| row.2).max()? as u64);
    words.extend([last.2 as u64, last.0.to_bits()]);
    Some(words)
}

fn spread_of(parts: &[&Pane]) -> [u64; 2] {
    let of_part = |pane: &&Pane| {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for &(_, value, _) in &pane.rows {
            count += 1.0;
            let delta = value - mean;
            mean += delta / count;
            squares += delta * (value - mean);
        }
        (count, mean, squares)
    };
    let merged = parts.iter().map(of_part).reduce(|(count, mean, squares), (later_count, later_mean, later_squares)| {
        let total: f64 = count + later_count;
        let delta: f64 = later_mean - mean;
        (total, mean + delta * later_count / total, squares + later_squares + delta * delta * count * later_count / total)
    });
    let (_, mean, squares) = merged.expect("there is a part");
    [mean.to_bits(), squares.to_bits()]
}

fn is_same(word: u64, expected: u64, is_number: bool) -> bool {
    word == expected || (is_number && f64::from_bits(word).is_nan() && f64::from_bits(expected).is_nan())
}

fn new_kernel() -> Kernel {
    let mut kernel = Kernel::new(Spec { columns: vec![Type::F64, Type::I64], aggregates: ALL.to_vec(), max_parallelism: 8 });
    for slot in 0..100 {
        kernel.name_slot(slot, (slot % 8) as u16);
    }
    kernel
}

fn check_row(kernel: &Kernel, row: usize, parts: &[&Pane], seed: u64) {
    let expected = words_of(parts).expect("the sums are in range");
    for (word, &bits) in expected.iter().enumerate() {
        // The integers follow from the eleventh word on, but for the time of the last.
        let is_number = !(11..=14).contains(&word);
        let told = kernel.output.words[word][row];
        assert!(is_same(told, bits, is_number), "seed {seed}, word {word}: {told:x} is not {bits:x}");
    }
}

#[test]
fn agrees_with_plain_accumulators() {
    let (mut fired, mut overflows, mut restored) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let mut kernel = new_kernel();
        let mut spans: BTreeMap<i32, BTreeMap<i32, Pane>> = BTreeMap::new();
        let mut next_position = 0.0;
        for _ in 0..3 {
            spans.insert(kernel.open(0.0, 1.0) as i32, BTreeMap::new());
        }
        for _ in 0..12 {
            match random.below(6) {
                0 => {
                    let (&dropped, _) = spans.iter().nth(random.below(3)).expect("there are three spans");
                    spans.remove(&dropped);
                    kernel.drop_span(dropped as usize);
                    spans.insert(kernel.open(0.0, 1.0) as i32, BTreeMap::new());
                }
                1 => {
                    let image = kernel.snapshot();
                    kernel = new_kernel();
                    kernel.restore(&image);
                    restored += 1;
                }
                _ => {
                    let count = 1 + random.below(ROWS_MAX as u64);
                    let handles: Vec<i32> = spans.keys().copied().collect();
                    let mut after = (spans.clone(), next_position);
                    for row in 0..count {
                        let (span, key) = (handles[random.below(3)], key_of(random.below(60)));
                        let values = (random.below(50) as f64, random.number(), random.integer());
                        kernel.input.spans[row] = span;
                        kernel.input.keys[row] = key;
                        kernel.input.timestamps[row] = values.0;
                        kernel.input.values[0][row] = values.1.to_bits();
                        kernel.input.values[1][row] = values.2 as u64;
                        let (panes, next) = (after.0.get_mut(&span).expect("the span is open"), &mut after.1);
                        let pane = panes.entry(key).or_insert_with(|| {
                            *next += 1.0;
                            Pane { position: *next - 1.0, rows: Vec::new() }
                        });
                        pane.rows.push(values);
                    }
                    let in_range = after.0.values().flat_map(BTreeMap::values).all(|pane| words_of(&[pane]).is_some());
                    assert_eq!(kernel.add(count), in_range, "seed {seed}");
                    if in_range {
                        (spans, next_position) = after;
                    } else {
                        overflows += 1;
                    }
                }
            }
            assert_eq!(kernel.size(), spans.values().map(BTreeMap::len).sum::<usize>(), "seed {seed}");
            assert_eq!(kernel.next_position(), next_position, "seed {seed}");
        }
        fired += check_firing(&mut kernel, &spans, seed);
    }
    assert!(5000 < fired && 20 < overflows && 100 < restored, "{fired} {overflows} {restored}");
}

/// Fires all spans as one window, and each by itself.
fn check_firing(kernel: &mut Kernel, spans: &BTreeMap<i32, BTreeMap<i32, Pane>>, seed: u64) -> usize {
    let handles: Vec<i32> = spans.keys().copied().collect();
    let mut fired = 0;
    for window in [&handles[..], &handles[..1], &handles[1..2]] {
        let mut parts: BTreeMap<i32, Vec<&Pane>> = BTreeMap::new();
        for (key, pane) in window.iter().flat_map(|span| &spans[span]) {
            parts.entry(*key).or_default().push(pane);
        }
        let in_range = parts.values().all(|panes| words_of(panes).is_some());
        let count = kernel.fire(window, true);
        if !in_range {
            assert_eq!(count, OVERFLOW, "seed {seed}");
            continue;
        }
        assert_eq!(count as usize, parts.len(), "seed {seed}");
        kernel.take(0, count as usize);
        let mut last = (0, -1.0);
        for row in 0..count as usize {
            let key = kernel.output.keys[row];
            let rank = (kernel_group(key), kernel.output.positions[row]);
            assert!(last < rank, "seed {seed}: {rank:?} fires after {last:?}");
            assert_eq!(rank.1, parts[&key][0].position, "seed {seed}");
            last = rank;
            check_row(kernel, row, &parts[&key], seed);
        }
        fired += count as usize;
    }
    fired
}

/// Flink's key group of a long, with eight groups.
fn kernel_group(key: i32) -> u32 {
    if FIRST_KEY_SLOT <= key {
        return (key - FIRST_KEY_SLOT) as u32 % 8;
    }
    let code = if key < 0 { !key } else { key } as u32;
    let mut hash = code.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593).rotate_left(13);
    hash = hash.wrapping_mul(5).wrapping_add(0xe654_6b64) ^ 4;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    ((hash ^ (hash >> 16)) as i32).unsigned_abs() % 8
}
