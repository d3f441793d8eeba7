//! Aggregates by key and span, as `core/windows/kernel.ts` defines them: the arithmetic, bit for bit, and the order of a firing.
//! The crate has no dependencies. Only `exports` knows WebAssembly; everything else is tested natively.

mod aggregate;
mod exports;
mod image;
mod kernel;
mod order;
mod slices;
mod table;

pub use aggregate::{Aggregate, Kind, Type};
pub use kernel::{Kernel, Spec, FIRST_KEY_SLOT, OVERFLOW, ROWS_MAX};
