import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { storageError } from '../project/blobs';

/** What the worker remembers between visits: small values by name. */
export interface Settings {
  /** Undefined where nothing is remembered, or storage cannot be read. */
  get(key: string): Promise<unknown>;
  /** @throws StudioError `storage-full`, `storage-failed`. */
  set(key: string, value: unknown): Promise<void>;
}

interface Schema extends DBSchema {
  settings: { key: string; value: unknown };
}

/** In IndexedDB, opened at the first call. */
export class IndexedDbSettings implements Settings {
  #database: Promise<IDBPDatabase<Schema>> | null = null;

  constructor(private readonly name = 'logical-studio-worker') {}

  async get(key: string): Promise<unknown> {
    try {
      return await (await this.#open()).get('settings', key);
    } catch {
      return undefined;
    }
  }

  async set(key: string, value: unknown): Promise<void> {
    try {
      await (await this.#open()).put('settings', value, key);
    } catch (error) {
      throw storageError(error, 'the choice of network');
    }
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    if (!this.#database) {
      // An async function, so that a place without IndexedDB rejects instead of throwing.
      const opening = (async () =>
        openDB<Schema>(this.name, 1, {
          upgrade: (database) => void database.createObjectStore('settings'),
        }))();
      this.#database = opening;
      opening.catch(() => (this.#database = null));
    }
    return this.#database;
  }
}

/** In memory, for tests. */
export class MemorySettings implements Settings {
  readonly values = new Map<string, unknown>();
  get = (key: string) => Promise.resolve(this.values.get(key));
  set = (key: string, value: unknown) => Promise.resolve(void this.values.set(key, structuredClone(value)));
}
