import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import { type KeyId, keyId } from "../data/key.ts";
import type { Type } from "../data/type.ts";

/**
 * The map of one key in a MapState. Its keys are equal by content, and they keep the form in which they were put
 * first. Values lie under the canonical key, which is the key itself for almost every string and number: these cost
 * no more than in a plain Map.
 */
export class UserMap<K, V> {
  readonly #values = new Map<KeyId, V>();
  /** The keys that differ from their canonical form: objects, arrays, bigints. */
  #ownKeys: Map<KeyId, K> | undefined;

  get size(): number {
    return this.#values.size;
  }

  get(key: K): V | undefined {
    return this.#values.get(keyId(key));
  }

  has(key: K): boolean {
    return this.#values.has(keyId(key));
  }

  set(key: K, value: V): void {
    const id = keyId(key);
    // −0 equals 0, and NaN is its own canonical form.
    if (id !== key && id === id && !this.#values.has(id)) (this.#ownKeys ??= new Map()).set(id, key);
    this.#values.set(id, value);
  }

  delete(key: K): boolean {
    const id = keyId(key);
    this.#ownKeys?.delete(id);
    return this.#values.delete(id);
  }

  *entries(): IterableIterator<readonly [K, V]> {
    for (const [id, value] of this.#values) yield [this.#keyOf(id), value];
  }

  *keys(): IterableIterator<K> {
    for (const id of this.#values.keys()) yield this.#keyOf(id);
  }

  values(): IterableIterator<V> {
    return this.#values.values();
  }

  #keyOf(id: KeyId): K {
    const own = this.#ownKeys?.get(id);
    return own === undefined ? (id as K) : own;
  }
}

/** The type of a whole map, as it is stored. */
export function userMapType<K, V>(keyType: Type<K>, valueType: Type<V>): Type<UserMap<K, V>> {
  return {
    name: `map(${keyType.name},${valueType.name})`,
    write(writer: ByteWriter, map: UserMap<K, V>): void {
      writer.varint(map.size);
      for (const [key, value] of map.entries()) {
        keyType.write(writer, key);
        valueType.write(writer, value);
      }
    },
    read(reader: ByteReader): UserMap<K, V> {
      const size = reader.varint();
      // One key at most takes no byte, so damage cannot make the loop longer than the bytes at hand.
      if (reader.remaining + 1 < size) throw corrupt(`${size} entries cannot lie in the ${reader.remaining} bytes that are left`);
      const map = new UserMap<K, V>();
      for (let index = 0; index < size; index += 1) {
        const key = keyType.read(reader);
        map.set(key, valueType.read(reader));
      }
      return map;
    },
  };
}
