/** The little that this package needs of Durable Objects, so that nobody has to install types of the platform to use it. */

/** What an object gets of the platform: its storage, and the way to end itself. */
export interface ObjectState {
  /** Objects that are found by name know it, on any deployment since March 2026. */
  readonly id: { readonly name?: string };
  readonly storage: AlarmStorage & ObjectDatabase;
  /** Ends this object at once: calls that are under way fail, and the next one finds a new object. */
  abort(reason?: string): never;
}

/** One alarm an object: it survives the object, which the platform makes again for it. */
export interface AlarmStorage {
  /** `time` in ms since the epoch. `allowUnconfirmed`: what the object sends meanwhile does not wait until this is on disk. */
  setAlarm(time: number, options?: { readonly allowUnconfirmed?: boolean }): Promise<void>;
  getAlarm(): Promise<number | null>;
}

/** The database of an object, which nobody else sees. Writes are on disk before anything that the object answers after them leaves it. */
export interface ObjectDatabase {
  readonly sql: { exec(query: string, ...values: readonly unknown[]): { toArray(): Readonly<Record<string, unknown>>[] } };
  /** Undoes what `run` has done where it throws. */
  transactionSync<T>(run: () => T): T;
}

/** Where objects of one class are found by name. `Stub` has the methods of the class; each answers with a promise. */
export interface ObjectNamespace<Stub> {
  idFromName(name: string): ObjectId;
  get(id: ObjectId): Stub;
}

/** The name of an object, as the platform writes it. */
export interface ObjectId {
  toString(): string;
}
