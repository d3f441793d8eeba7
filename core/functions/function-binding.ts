import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { bindState, type KeyCursor } from "../state/bound-state.ts";
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "../state/descriptors.ts";
import type { KeyedState } from "../state/keyed-state.ts";
import type { AggregatingState, ListState, MapState, ReducingState, State, ValueState } from "../state/state.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";
import type { OperatorState } from "../state/operator-state.ts";
import type { Accumulator } from "./accumulator.ts";
import type { CheckpointedFunction } from "./checkpointed-function.ts";
import { SET_RUNTIME_CONTEXT } from "./rich-functions.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { AggregatingStateHandle, ListStateHandle, MapStateHandle, ReducingStateHandle, type StateLookup, ValueStateHandle } from "./state-handles.ts";

/** What a function needs of the operator subtask that calls it; every OperatorContext has it. */
export interface FunctionHost {
  readonly subtask: {
    readonly jobName: string;
    readonly operatorName: string;
    readonly index: number;
    readonly parallelism: number;
    readonly maxParallelism: number;
    readonly attempt: number;
  };
  readonly keyedState: KeyedState;
  readonly operatorState: OperatorState;
  readonly isRestored: boolean;
  /** Calls back right before each snapshot. */
  beforeSnapshot(call: (checkpointId: number) => void): void;
  readonly accumulators: { add(name: string, accumulator: Accumulator<never, unknown>): void };
  userError(cause: unknown, record: unknown, timestamp: number): JobError;
}

/** What an object may have that is given as a function. */
interface Lifecycle extends CheckpointedFunction {
  open?(context: RuntimeContext): void;
  close?(): void;
  [SET_RUNTIME_CONTEXT]?(context: RuntimeContext): void;
}

/** Makes the state that a descriptor names, for the subtask at hand. */
type StateMaker<S extends State> = (store: KeyedState, cursor: KeyCursor) => S;

const bindings: WeakMap<object, FunctionBinding> = /* @__PURE__ */ new WeakMap();

/** The binding of a function object: one for as long as the object lives, whoever uses it. */
export function bindingOf(fn: object): FunctionBinding {
  let binding = bindings.get(fn);
  if (binding === undefined) {
    binding = new FunctionBinding(fn);
    bindings.set(fn, binding);
  }
  return binding;
}

/**
 * One function object serves all subtasks of its operator in a process (and other operators, where the user gives it to several). What it asks for in
 * `open` it keeps in its fields, where the next subtask's `open` overwrites it; so handles and the runtime context belong to the object, and
 * each of their calls goes to the subtask that is running.
 *
 * Invariant: whoever calls into the function sets `current` to its own scope right before, and puts back what it found where the call can reach
 * other operators (through a collector): the same object may stand twice in a chain.
 */
export class FunctionBinding {
  current: FunctionScope | undefined;
  readonly runtimeContext: RuntimeContext = new SharedRuntimeContext(this);
  readonly #fn: Lifecycle;
  readonly #handles = new Map<string, { readonly slot: number; readonly handle: State }>();

  constructor(fn: object) {
    this.#fn = fn;
  }

  /** The function as one subtask uses it. `cursor` is where its keyed state lies; undefined on a stream without keys. */
  scope(host: FunctionHost, cursor: KeyCursor | undefined): FunctionScope {
    return new FunctionScope(this, this.#fn, host, cursor);
  }

  /** The handle for a name and kind of state; made once, so that every subtask's `open` gets the same. */
  handle<S extends State>(kind: string, name: string, make: StateMaker<S>, handleFor: (lookup: StateLookup<S>) => S): S {
    const id = `${kind}/${name}`;
    let known = this.#handles.get(id);
    if (known === undefined) {
      const slot = this.#handles.size;
      known = { slot, handle: handleFor(new BoundLookup(this, slot, name, make)) };
      this.#handles.set(id, known);
    }
    this.runningWith(name).bind(known.slot, name, make);
    return known.handle as S;
  }

  /** @throws JobError STATE_NOT_AVAILABLE while no subtask is calling */
  running(): FunctionScope {
    if (this.current !== undefined) return this.current;
    throw new JobError("STATE_NOT_AVAILABLE", "the runtime context speaks for a running subtask only: use it in open() or while a record is processed");
  }

  /** @throws JobError STATE_NOT_AVAILABLE while no subtask is calling */
  runningWith(name: string): FunctionScope {
    if (this.current !== undefined) return this.current;
    throw new JobError("STATE_NOT_AVAILABLE", `state ${show(name)} belongs to the subtask that is running: use it while a record is processed`);
  }
}

/** What a handle finds its state by. It is used for every record, so it looks first where the state nearly always is. */
class BoundLookup<S extends State> implements StateLookup<S> {
  readonly #binding: FunctionBinding;
  readonly #slot: number;
  readonly #name: string;
  readonly #make: StateMaker<S>;

  constructor(binding: FunctionBinding, slot: number, name: string, make: StateMaker<S>) {
    this.#binding = binding;
    this.#slot = slot;
    this.#name = name;
    this.#make = make;
  }

  state(): S {
    const state = this.#binding.current?.statesOfKey[this.#slot];
    return state === undefined ? this.#find() : (state as S);
  }

  #find(): S {
    return this.#binding.runningWith(this.#name).stateAt(this.#slot, this.#name, this.#make);
  }
}

/** In `open` and `close` there is no record, and so no key. */
const NO_STATES: readonly (State | undefined)[] = [];

/** A function object as one operator subtask uses it: its lifecycle there, and its keyed state. */
export class FunctionScope {
  readonly host: FunctionHost;
  readonly #binding: FunctionBinding;
  readonly #fn: Lifecycle;
  readonly #cursor: KeyCursor | undefined;
  /** By the slot of the handle. */
  readonly #states: (State | undefined)[] = [];
  /** The same while there is a key. */
  statesOfKey = NO_STATES;
  #isOpen = false;

  constructor(binding: FunctionBinding, fn: Lifecycle, host: FunctionHost, cursor: KeyCursor | undefined) {
    this.#binding = binding;
    this.#fn = fn;
    this.host = host;
    this.#cursor = cursor;
  }

  /** Makes the function speak for this subtask; returns what `leave` puts back. */
  enter(): FunctionScope | undefined {
    const outer = this.#binding.current;
    this.#binding.current = this;
    return outer;
  }

  leave(outer: FunctionScope | undefined): void {
    this.#binding.current = outer;
  }

  /** Calls the function's `initializeState` and `open`. */
  open(): void {
    this.#isOpen = true;
    const outer = this.enter();
    try {
      this.#fn[SET_RUNTIME_CONTEXT]?.(this.#binding.runtimeContext);
      this.#initializeState();
      this.#fn.open?.(this.#binding.runtimeContext);
    } catch (cause) {
      throw this.host.userError(cause, undefined, NO_TIMESTAMP);
    }
    this.statesOfKey = this.#states;
    this.leave(outer);
  }

  /** Calls the function's `close`, also where `open` failed; not where it was never called. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.statesOfKey = NO_STATES;
    const outer = this.enter();
    try {
      this.#fn.close?.();
    } catch (cause) {
      throw this.host.userError(cause, undefined, NO_TIMESTAMP);
    }
    this.leave(outer);
  }

  #initializeState(): void {
    const { operatorState, isRestored, subtask } = this.host;
    if (this.#fn.snapshotState !== undefined) {
      if (subtask.parallelism > 1) {
        throw new JobError(
          "INVALID_ARGUMENT",
          "a function with snapshotState keeps fields of its own, which the subtasks of one process share: give this operator setParallelism(1), or keep what belongs to a key in keyed state",
        );
      }
      this.host.beforeSnapshot((checkpointId) => this.#snapshotState(checkpointId));
    }
    this.#fn.initializeState?.({
      isRestored: () => isRestored,
      getOperatorStateStore: () => ({ getListState: (descriptor) => operatorState.list(descriptor.name, descriptor.type) }),
    });
  }

  #snapshotState(checkpointId: number): void {
    if (!this.#isOpen) return;
    const outer = this.enter();
    try {
      this.#fn.snapshotState?.({ getCheckpointId: () => checkpointId });
    } catch (cause) {
      throw this.host.userError(cause, undefined, NO_TIMESTAMP);
    }
    this.leave(outer);
  }

  /** Removes all state of the key at hand. */
  clearStates(): void {
    for (const state of this.#states) state?.clear();
  }

  /** Declares state as this subtask's `open` asks for it. */
  bind<S extends State>(slot: number, name: string, make: StateMaker<S>): S {
    if (this.#cursor === undefined) {
      throw new JobError("STATE_NOT_AVAILABLE", `keyed state ${show(name)} needs a keyed stream: call keyBy before this operator`);
    }
    const state = make(this.host.keyedState, this.#cursor);
    while (this.#states.length <= slot) this.#states.push(undefined);
    this.#states[slot] = state;
    return state;
  }

  stateAt<S extends State>(slot: number, name: string, make: StateMaker<S>): S {
    if (this.statesOfKey === NO_STATES) {
      throw new JobError("STATE_NOT_AVAILABLE", `state ${show(name)} belongs to a key, and open() and close() have none: read and write it while a record is processed`);
    }
    // A function may keep the handle that another subtask's call has asked for: then the state is made when it is first used.
    return (this.#states[slot] as S | undefined) ?? this.bind(slot, name, make);
  }
}

/** The runtime context of a function object, for whichever subtask is running. */
class SharedRuntimeContext implements RuntimeContext {
  readonly #binding: FunctionBinding;

  constructor(binding: FunctionBinding) {
    this.#binding = binding;
  }

  getJobName(): string {
    return this.#binding.running().host.subtask.jobName;
  }

  getTaskName(): string {
    return this.#binding.running().host.subtask.operatorName;
  }

  getIndexOfThisSubtask(): number {
    return this.#binding.running().host.subtask.index;
  }

  getNumberOfParallelSubtasks(): number {
    return this.#binding.running().host.subtask.parallelism;
  }

  getMaxNumberOfParallelSubtasks(): number {
    return this.#binding.running().host.subtask.maxParallelism;
  }

  getAttemptNumber(): number {
    return this.#binding.running().host.subtask.attempt;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#binding.handle<ValueState<T>>(
      descriptor.kind,
      descriptor.name,
      (store, cursor) => bindState(store, descriptor, cursor),
      (lookup) => new ValueStateHandle(lookup),
    );
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#binding.handle<ListState<T>>(
      descriptor.kind,
      descriptor.name,
      (store, cursor) => bindState(store, descriptor, cursor),
      (lookup) => new ListStateHandle(lookup),
    );
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#binding.handle<MapState<K, V>>(
      descriptor.kind,
      descriptor.name,
      (store, cursor) => bindState(store, descriptor, cursor),
      (lookup) => new MapStateHandle(lookup),
    );
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.#binding.handle<ReducingState<T>>(
      descriptor.kind,
      descriptor.name,
      (store, cursor) => bindState(store, descriptor, cursor),
      (lookup) => new ReducingStateHandle(lookup),
    );
  }

  getAggregatingState<In, Acc, Out>(descriptor: AggregatingStateDescriptor<In, Acc, Out>): AggregatingState<In, Out> {
    return this.#binding.handle<AggregatingState<In, Out>>(
      descriptor.kind,
      descriptor.name,
      (store, cursor) => bindState(store, descriptor, cursor),
      (lookup) => new AggregatingStateHandle(lookup),
    );
  }

  addAccumulator(name: string, accumulator: Accumulator<never, unknown>): void {
    this.#binding.running().host.accumulators.add(name, accumulator);
  }
}
