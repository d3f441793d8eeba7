/**
 * What an instance of the kernel's WebAssembly module exports: numbers pass in calls, columns lie in its memory. `core/windows/kernel.ts` says what the calls
 * do, `wasm/src/exports.rs` has them.
 */
export interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  list_at(length: number): number;
  create(maxParallelism: number, columns: number): void;
  input_keys(): number;
  input_spans(): number;
  input_timestamps(): number;
  input_values(column: number): number;
  output_keys(): number;
  output_positions(): number;
  output_words(word: number): number;
  size(): number;
  next_position(): number;
  used_bytes(): number;
  open(start: number, end: number): number;
  drop_span(span: number): void;
  count(span: number): number;
  are_own_keys(from: number, count: number): number;
  add(count: number): number;
  read(key: number): number;
  put(span: number, isChange: number): void;
  remove(span: number, key: number): void;
  fire(contents: number): number;
  list(span: number, onlyChanged: number): number;
  take(from: number, count: number): void;
  name_slot(slot: number, group: number): void;
  take_freed_slots(): number;
  freed_at(): number;
  settle(): void;
  handles(): number;
  is_open(span: number): number;
  span_start(span: number): number;
  span_end(span: number): number;
  span_keys(span: number): number;
  span_words(span: number): number;
  image_at(length: number): number;
  restore(): void;
}

/** The kernel's module, compiled: each operator subtask instantiates its own, without waiting. */
export interface KernelModule {
  instantiate(): KernelExports;
}
