//! All spans of a kernel in one buffer, laid out as `core/windows/kernel-image.ts` says.

use crate::kernel::Kernel;
use crate::table::{Likeness, Table};

const VERSION: u32 = 2;
const HEADER_BYTES: usize = 24;
const SPAN_BYTES: usize = 24;

fn key_bytes(count: usize) -> usize {
    count.div_ceil(2) * 8
}

impl Kernel {
    /// For tests: in WebAssembly the host copies the tables itself, straight from here to where they are kept.
    pub fn snapshot(&self) -> Vec<u8> {
        let live = || self.tables.iter().enumerate().filter_map(|(span, table)| table.as_ref().map(|table| (span, table)));
        let bytes_of = |table: &Table| SPAN_BYTES + key_bytes(table.len()) + table.words.len() * 8;
        let mut image = Vec::with_capacity(HEADER_BYTES + live().map(|(_, table)| bytes_of(table)).sum::<usize>());
        image.extend_from_slice(&VERSION.to_le_bytes());
        image.extend_from_slice(&(self.stride as u32).to_le_bytes());
        image.extend_from_slice(&self.next_position.to_le_bytes());
        image.extend_from_slice(&(live().count() as u32).to_le_bytes());
        image.extend_from_slice(&[0; 4]);
        for (span, table) in live() {
            image.extend_from_slice(&table.start.to_le_bytes());
            image.extend_from_slice(&table.end.to_le_bytes());
            image.extend_from_slice(&(span as u32).to_le_bytes());
            image.extend_from_slice(&(table.len() as u32).to_le_bytes());
            for key in &table.keys {
                image.extend_from_slice(&key.to_le_bytes());
            }
            image.resize(image.len() + key_bytes(table.len()) - 4 * table.len(), 0);
            for word in &table.words {
                image.extend_from_slice(&word.to_le_bytes());
            }
        }
        image
    }

    /// Only into an empty kernel whose key slots are named.
    pub fn restore(&mut self, image: &[u8]) {
        assert!(self.tables.is_empty() && u32_at(image, 0) == VERSION && u32_at(image, 4) as usize == self.stride);
        self.next_position = f64::from_bits(u64_at(image, 8));
        let mut at = HEADER_BYTES;
        for _ in 0..u32_at(image, 16) {
            let (start, end) = (f64::from_bits(u64_at(image, at)), f64::from_bits(u64_at(image, at + 8)));
            let (span, count) = (u32_at(image, at + 16) as usize, u32_at(image, at + 20) as usize);
            at += SPAN_BYTES;
            while self.tables.len() <= span {
                self.tables.push(None);
            }
            let mut table = Table::new(start, end, self.stride, Likeness::of_count(count));
            let words_at = at + key_bytes(count);
            for row in 0..count {
                let key = u32_at(image, at + 4 * row) as i32;
                let pane_at = words_at + row * self.stride * 8;
                let pane: Vec<u64> = (0..self.stride).map(|word| u64_at(image, pane_at + 8 * word)).collect();
                self.count_pane(key);
                table.insert(key, &pane);
            }
            self.tables[span] = Some(table);
            at = words_at + count * self.stride * 8;
        }
        self.free_handles = (0..self.tables.len()).filter(|&span| self.tables[span].is_none()).collect();
    }
}

fn u32_at(image: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(image[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(image: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(image[at..at + 8].try_into().expect("eight bytes"))
}
