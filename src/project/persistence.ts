import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { StudioError } from '../core/errors';
import { storageError } from './blobs';
import {
  COLLECTIONS,
  DOCUMENT_VERSION,
  EMPTY_DOCUMENT,
  recordSchemas,
  type Collection,
  type ProjectDocument,
} from './document';

/** One record that changed: its new value, or null where it was removed. */
export interface RecordChange {
  readonly collection: Collection;
  readonly id: string;
  readonly value: unknown;
}

/** Keeps the document's records; every call is atomic. */
export interface Persistence {
  /** The saved document, and sentences about records that could not be read (they are left out, not deleted). */
  load(): Promise<{ document: ProjectDocument; problems: string[] }>;
  /** @throws StudioError `storage-full` or `storage-failed`; then nothing of this call was saved. */
  save(changes: readonly RecordChange[]): Promise<void>;
}

interface Schema extends DBSchema {
  records: {
    key: [Collection, string];
    value: { collection: Collection; id: string; version: number; value: unknown };
  };
}

/** Records in IndexedDB, one row each, so that saving a stroke does not rewrite 2,000 images. */
export class IndexedDbPersistence implements Persistence {
  readonly #database: Promise<IDBPDatabase<Schema>>;

  constructor(name = 'logical-studio') {
    this.#database = openDB<Schema>(name, 1, {
      upgrade: (database) => {
        database.createObjectStore('records', { keyPath: ['collection', 'id'] });
      },
    });
    this.#database.catch(() => undefined);
  }

  async load(): Promise<{ document: ProjectDocument; problems: string[] }> {
    try {
      return readRecords(await (await this.#database).getAll('records'));
    } catch (error) {
      throw storageError(error, 'your work');
    }
  }

  async save(changes: readonly RecordChange[]): Promise<void> {
    if (changes.length === 0) return;
    try {
      const transaction = (await this.#database).transaction('records', 'readwrite', { durability: 'strict' });
      const writes = changes.map(({ collection, id, value }) =>
        value === null
          ? transaction.store.delete([collection, id])
          : transaction.store.put({ collection, id, version: DOCUMENT_VERSION, value }).then(() => undefined),
      );
      const outcomes = await Promise.allSettled([...writes, transaction.done]);
      const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
      // What an abort interrupted says only that; one of them knows the cause, and which one depends on when it came.
      if (reasons.length > 0) throw reasons.find(({ name }) => name !== 'AbortError') ?? reasons[0];
    } catch (error) {
      throw storageError(error, 'the last change');
    }
  }
}

/** Rows → document, each record validated on its own: one bad record must not cost the others. */
function readRecords(rows: readonly { collection: Collection; id: string; version: number; value: unknown }[]): {
  document: ProjectDocument;
  problems: string[];
} {
  const document = structuredClone(EMPTY_DOCUMENT) as Record<Collection, Record<string, unknown>>;
  const problems: string[] = [];
  for (const row of rows) {
    if (row.version > DOCUMENT_VERSION) {
      problems.push(`A saved ${row.collection} record comes from a newer version of the studio. Reload to update it.`);
      continue;
    }
    const parsed = recordSchemas[row.collection]?.safeParse(row.value);
    if (parsed?.success) document[row.collection][row.id] = parsed.data;
    else problems.push(`A saved ${row.collection} record (${row.id}) could not be read and is left out.`);
  }
  return { document: dropDangling(document as unknown as ProjectDocument), problems };
}

/** Leaves out drafts, corrections and variants whose image is gone, so that no page has to handle half a record. */
function dropDangling(document: ProjectDocument): ProjectDocument {
  const images = Object.fromEntries(
    Object.entries(document.images).filter(([, image]) => document.datasets[image.datasetId]),
  );
  const keep = <T extends { imageId: string }>(records: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(records).filter(([, record]) => images[record.imageId]));
  const { drafts, corrections, variants } = document;
  return { ...document, images, drafts: keep(drafts), corrections: keep(corrections), variants: keep(variants) };
}

/** What differs between two documents, record by record (unchanged records are the same objects). */
export function changesBetween(before: ProjectDocument, after: ProjectDocument): RecordChange[] {
  const changes: RecordChange[] = [];
  for (const collection of COLLECTIONS) {
    if (before[collection] === after[collection]) continue;
    const old: Readonly<Record<string, unknown>> = before[collection];
    const now: Readonly<Record<string, unknown>> = after[collection];
    for (const [id, value] of Object.entries(now)) if (old[id] !== value) changes.push({ collection, id, value });
    for (const id of Object.keys(old)) if (!(id in now)) changes.push({ collection, id, value: null });
  }
  return changes;
}

/** In memory, for tests; `failWith` makes the next saves fail. */
export class MemoryPersistence implements Persistence {
  readonly rows = new Map<string, { collection: Collection; id: string; version: number; value: unknown }>();
  failWith: StudioError | null = null;

  async load(): Promise<{ document: ProjectDocument; problems: string[] }> {
    return readRecords([...this.rows.values()]);
  }

  async save(changes: readonly RecordChange[]): Promise<void> {
    if (this.failWith) throw this.failWith;
    for (const { collection, id, value } of changes) {
      const key = `${collection}/${id}`;
      if (value === null) this.rows.delete(key);
      else this.rows.set(key, { collection, id, version: DOCUMENT_VERSION, value: structuredClone(value) });
    }
  }
}
