import { DurableObject } from "cloudflare:workers";
import type { AsyncStorage } from "../core/host/storage.ts";
import type { ObjectState } from "./durable-object.ts";

/** The calls that such an object takes; they mean the same as those of a storage. */
export type StoragePeer = Pick<AsyncStorage, "putIfAbsent" | "get" | "list" | "remove">;

/** Rows of a Durable Object have at most 2 MB, their keys included. The runtime on a developer's machine takes larger ones, the platform does not. */
const PIECE_BYTES_MAX = 1_900_000;

/**
 * Names and bytes in the database of a Durable Object. One object is at one place at a time and runs each call to its end, so it decides between writers; and the platform holds back every answer until what was written
 * before it is on disk.
 */
export class StorageObject extends DurableObject implements StoragePeer {
  readonly #database: ObjectState["storage"];

  constructor(ctx: ObjectState, env: unknown) {
    super(ctx, env);
    this.#database = ctx.storage;
    this.#run("create table if not exists pieces (name text not null, piece integer not null, bytes blob not null, primary key (name, piece))");
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#database.transactionSync(() => {
      if (this.#run("select 1 from pieces where name = ? and piece = 0", name).length > 0) return false;
      const count = Math.max(1, Math.ceil(bytes.length / PIECE_BYTES_MAX));
      for (let piece = 0; piece < count; piece += 1) {
        const { buffer } = bytes.slice(piece * PIECE_BYTES_MAX, (piece + 1) * PIECE_BYTES_MAX);
        this.#run("insert into pieces values (?, ?, ?)", name, piece, buffer);
      }
      return true;
    });
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const pieces = this.#run("select bytes from pieces where name = ? order by piece", name).map(({ bytes }) => new Uint8Array(bytes as ArrayBuffer));
    if (pieces.length <= 1) return pieces[0];
    const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
    pieces.forEach((piece, index) => bytes.set(piece, index * PIECE_BYTES_MAX));
    return bytes;
  }

  async list(prefix: string, after: string): Promise<readonly string[]> {
    // Names are ASCII, so this is behind all that begin with the prefix; SQLite compares texts by their bytes.
    const end = `${prefix}\u007f`;
    return this.#run("select name from pieces where piece = 0 and name >= ? and name < ? and name > ? order by name", prefix, end, after).map(({ name }) => name as string);
  }

  async remove(names: readonly string[]): Promise<void> {
    this.#database.transactionSync(() => {
      for (const name of names) this.#run("delete from pieces where name = ?", name);
    });
  }

  #run(query: string, ...values: readonly unknown[]): readonly Readonly<Record<string, unknown>>[] {
    return this.#database.sql.exec(query, ...values).toArray();
  }
}
