import { enablePatches, produceWithPatches, applyPatches, type Draft as Mutable, type Patch } from 'immer';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { reportOf, type ErrorReport } from '../core/errors';
import { EMPTY_DOCUMENT, type ProjectDocument } from './document';
import { changesBetween, type Persistence } from './persistence';

enablePatches();

/** How many steps can be undone. Steps are patches, so a step costs what changed, not a copy of the document. */
const HISTORY_LIMIT = 500;

interface Step {
  readonly label: string;
  readonly mergeKey: string | null;
  readonly patches: readonly Patch[];
  readonly inverse: readonly Patch[];
}

export interface ApplyOptions {
  /**
   * Steps with the same key that follow each other directly become one (a slider being dragged). A pointer-up or any
   * other step in between ends the run; see {@link ProjectState.settle}.
   */
  readonly mergeKey?: string;
  /** False for what is no edit: imports, restoring. Such changes are saved but leave the history as it is. */
  readonly undoable?: boolean;
}

export interface ProjectState {
  readonly document: ProjectDocument;
  readonly history: {
    readonly canUndo: boolean;
    readonly canRedo: boolean;
    readonly undoLabel: string | null;
    readonly redoLabel: string | null;
  };
  readonly saving: 'saved' | 'saving' | 'failed';
  /** Why the last save failed; the document stays in memory and is tried again with the next change or `flush`. */
  readonly saveError: ErrorReport | null;
  /** Changes the document. A recipe that changes nothing leaves no step. */
  apply(label: string, recipe: (document: Mutable<ProjectDocument>) => void, options?: ApplyOptions): void;
  undo(): void;
  redo(): void;
  /** Ends the current run of merged steps. */
  settle(): void;
  /** Loads what was saved; returns sentences about records that could not be read. */
  restore(): Promise<string[]>;
  /** Resolves once everything is saved; rejects if that fails. */
  flush(): Promise<void>;
}

export type ProjectStore = StoreApi<ProjectState>;

/** The document with history and autosave: every change is written at once, and one write runs at a time. */
export function createProjectStore(persistence: Persistence): ProjectStore {
  const past: Step[] = [];
  let future: Step[] = [];
  let openMerge: string | null = null;
  let saved: ProjectDocument = EMPTY_DOCUMENT;
  let writing: Promise<void> | null = null;

  return createStore<ProjectState>((set, get) => {
    const historyState = (): ProjectState['history'] => ({
      canUndo: past.length > 0,
      canRedo: future.length > 0,
      undoLabel: past.at(-1)?.label ?? null,
      redoLabel: future.at(-1)?.label ?? null,
    });

    const write = async (): Promise<void> => {
      while (saved !== get().document) {
        const target = get().document;
        set({ saving: 'saving' });
        try {
          await persistence.save(changesBetween(saved, target));
        } catch (error) {
          set({ saving: 'failed', saveError: reportOf(error, 'storage') });
          throw error;
        }
        saved = target;
      }
      set({ saving: 'saved', saveError: null });
    };

    const save = (): Promise<void> => {
      writing ??= write().finally(() => {
        writing = null;
      });
      return writing;
    };

    const show = (document: ProjectDocument): void => {
      set({ document, history: historyState() });
      // The failure is in the state already.
      save().catch(() => undefined);
    };

    return {
      document: EMPTY_DOCUMENT,
      history: { canUndo: false, canRedo: false, undoLabel: null, redoLabel: null },
      saving: 'saved',
      saveError: null,

      apply(label, recipe, { mergeKey, undoable = true } = {}) {
        const [document, patches, inverse] = produceWithPatches(get().document, recipe);
        if (patches.length === 0) return;
        if (undoable) {
          const last = past.at(-1);
          if (mergeKey !== undefined && last && openMerge === mergeKey && last.mergeKey === mergeKey) {
            past[past.length - 1] = {
              ...last,
              patches: [...last.patches, ...patches],
              inverse: [...inverse, ...last.inverse],
            };
          } else {
            past.push({ label, mergeKey: mergeKey ?? null, patches, inverse });
            if (past.length > HISTORY_LIMIT) past.shift();
          }
          openMerge = mergeKey ?? null;
          future = [];
        }
        show(document);
      },

      undo() {
        const step = past.pop();
        if (!step) return;
        openMerge = null;
        future.push(step);
        show(applyPatches(get().document, step.inverse));
      },

      redo() {
        const step = future.pop();
        if (!step) return;
        openMerge = null;
        past.push(step);
        show(applyPatches(get().document, step.patches));
      },

      settle() {
        openMerge = null;
      },

      async restore() {
        const { document, problems } = await persistence.load();
        past.length = 0;
        future = [];
        saved = document;
        set({ document, history: historyState(), saving: 'saved', saveError: null });
        return problems;
      },

      flush: () => save(),
    };
  });
}
