/** The little that this package needs of Durable Objects, so that nobody has to install types of the platform to use it. */

/** What an object gets of the platform: its storage, and the way to end itself. */
export interface ObjectState {
  /** Objects that are found by name know it, on any deployment since March 2026. */
  readonly id: { readonly name?: string };
  readonly storage: AlarmStorage;
  /** Ends this object at once: calls that are under way fail, and the next one finds a new object. */
  abort(reason?: string): never;
}

/** One alarm an object: it survives the object, which the platform makes again for it. */
export interface AlarmStorage {
  /** `time` in ms since the epoch. `allowUnconfirmed`: what the object sends meanwhile does not wait until this is on disk. */
  setAlarm(time: number, options?: { readonly allowUnconfirmed?: boolean }): Promise<void>;
  getAlarm(): Promise<number | null>;
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
