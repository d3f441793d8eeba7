//! The calls of `core/windows/wasm-kernel.ts`. An instance of the module is one kernel; numbers are all that passes, columns lie in its memory.

#![cfg(target_arch = "wasm32")]

use crate::aggregate::{Kind, Type};
use crate::kernel::{Kernel, Spec};
use core::cell::UnsafeCell;

struct Instance {
    kernel: Option<Kernel>,
    /// Numbers that a call takes: spans, or what makes a kernel.
    list: Vec<i32>,
    freed: Vec<u32>,
    image: Vec<u8>,
}

struct Single(UnsafeCell<Instance>);

// SAFETY: an instance of the module has one thread, and no call of it calls another.
unsafe impl Sync for Single {}

static SINGLE: Single = Single(UnsafeCell::new(Instance { kernel: None, list: Vec::new(), freed: Vec::new(), image: Vec::new() }));

fn instance() -> &'static mut Instance {
    // SAFETY: see `Single`.
    unsafe { &mut *SINGLE.0.get() }
}

fn kernel() -> &'static mut Kernel {
    instance().kernel.as_mut().expect(CREATED)
}

const CREATED: &str = "create comes first";

/// Where a list of this length is to be written.
#[no_mangle]
pub extern "C" fn list_at(length: usize) -> *mut i32 {
    let list = &mut instance().list;
    list.resize(length, 0);
    list.as_mut_ptr()
}

/// The list holds the type of each column (0: f64, 1: i64), then kind and column of each aggregate.
#[no_mangle]
pub extern "C" fn create(max_parallelism: u32, columns: usize) {
    let Instance { kernel, list, .. } = instance();
    let spec = Spec {
        columns: list[..columns].iter().map(|&code| if code == 0 { Type::F64 } else { Type::I64 }).collect(),
        aggregates: list[columns..].chunks(2).map(|pair| (Kind::ALL[pair[0] as usize], pair[1] as usize)).collect(),
        max_parallelism,
    };
    *kernel = Some(Kernel::new(spec));
}

#[no_mangle]
pub extern "C" fn input_keys() -> *mut i32 {
    kernel().input.keys.as_mut_ptr()
}

#[no_mangle]
pub extern "C" fn input_spans() -> *mut i32 {
    kernel().input.spans.as_mut_ptr()
}

#[no_mangle]
pub extern "C" fn input_timestamps() -> *mut f64 {
    kernel().input.timestamps.as_mut_ptr()
}

#[no_mangle]
pub extern "C" fn input_values(column: usize) -> *mut u64 {
    kernel().input.values[column].as_mut_ptr()
}

#[no_mangle]
pub extern "C" fn output_keys() -> *mut i32 {
    kernel().output.keys.as_mut_ptr()
}

#[no_mangle]
pub extern "C" fn output_positions() -> *mut f64 {
    kernel().output.positions.as_mut_ptr()
}

#[no_mangle]
pub extern "C" fn output_words(word: usize) -> *mut u64 {
    kernel().output.words[word].as_mut_ptr()
}

#[no_mangle]
pub extern "C" fn size() -> usize {
    kernel().size()
}

#[no_mangle]
pub extern "C" fn next_position() -> f64 {
    kernel().next_position()
}

#[no_mangle]
pub extern "C" fn used_bytes() -> usize {
    kernel().used_bytes()
}

#[no_mangle]
pub extern "C" fn open(start: f64, end: f64) -> usize {
    kernel().open(start, end)
}

#[no_mangle]
pub extern "C" fn drop_span(span: usize) {
    kernel().drop_span(span);
}

#[no_mangle]
pub extern "C" fn count(span: usize) -> usize {
    kernel().count(span)
}

#[no_mangle]
pub extern "C" fn are_own_keys(from: usize, count: usize) -> bool {
    kernel().are_own_keys(from, count)
}

#[no_mangle]
pub extern "C" fn add(count: usize) -> bool {
    kernel().add(count)
}

/// The list holds the spans.
#[no_mangle]
pub extern "C" fn read(key: i32) -> i32 {
    let Instance { kernel, list, .. } = instance();
    kernel.as_mut().expect(CREATED).read(list, key)
}

#[no_mangle]
pub extern "C" fn put(span: usize, is_change: bool) {
    kernel().put(span, is_change);
}

#[no_mangle]
pub extern "C" fn remove(span: usize, key: i32) {
    kernel().remove(span, key);
}

/// The list holds the spans.
#[no_mangle]
pub extern "C" fn fire(contents: bool) -> i32 {
    let Instance { kernel, list, .. } = instance();
    kernel.as_mut().expect(CREATED).fire(list, contents)
}

#[no_mangle]
pub extern "C" fn list(span: usize, only_changed: bool) -> usize {
    kernel().list(span, only_changed)
}

#[no_mangle]
pub extern "C" fn take(from: usize, count: usize) {
    kernel().take(from, count);
}

#[no_mangle]
pub extern "C" fn name_slot(slot: usize, group: u16) {
    kernel().name_slot(slot, group);
}

/// Number of slots that `freed_at` lists.
#[no_mangle]
pub extern "C" fn take_freed_slots() -> usize {
    let freed = kernel().take_freed_slots();
    instance().freed = freed;
    instance().freed.len()
}

#[no_mangle]
pub extern "C" fn freed_at() -> *const u32 {
    instance().freed.as_ptr()
}

#[no_mangle]
pub extern "C" fn settle() {
    kernel().settle();
}

/// Handles are below this.
#[no_mangle]
pub extern "C" fn handles() -> usize {
    kernel().tables.len()
}

#[no_mangle]
pub extern "C" fn is_open(span: usize) -> bool {
    kernel().tables[span].is_some()
}

#[no_mangle]
pub extern "C" fn span_start(span: usize) -> f64 {
    kernel().table(span).start
}

#[no_mangle]
pub extern "C" fn span_end(span: usize) -> f64 {
    kernel().table(span).end
}

#[no_mangle]
pub extern "C" fn span_keys(span: usize) -> *const i32 {
    kernel().table(span).keys.as_ptr()
}

#[no_mangle]
pub extern "C" fn span_words(span: usize) -> *const u64 {
    kernel().table(span).words.as_ptr()
}

/// Where an image of this length is to be written.
#[no_mangle]
pub extern "C" fn image_at(length: usize) -> *mut u8 {
    let image = &mut instance().image;
    image.resize(length, 0);
    image.as_mut_ptr()
}

#[no_mangle]
pub extern "C" fn restore() {
    let image = core::mem::take(&mut instance().image);
    kernel().restore(&image);
}
