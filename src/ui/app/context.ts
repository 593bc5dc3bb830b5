import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import type { RegionShape } from '../../core/recipe';
import type { Draft, DraftSettings, ImageRecord } from '../../project/document';
import type { ProjectState } from '../../project/store';
import type { Action, Shell } from '../actions';
import type { SessionState } from '../session';
import type { Studio } from '../studio';

export const StudioContext = createContext<Studio | null>(null);
export const ShellContext = createContext<Shell | null>(null);

export function useStudio(): Studio {
  const studio = useContext(StudioContext);
  if (!studio) throw new Error('Components of the studio stand inside its context.');
  return studio;
}

export function useShell(): Shell {
  const shell = useContext(ShellContext);
  if (!shell) throw new Error('Components of the studio stand inside the shell.');
  return shell;
}

export function useSession<T>(select: (state: SessionState) => T): T {
  return useStore(useStudio().session, select);
}

export function useProject<T>(select: (state: ProjectState) => T): T {
  return useStore(useStudio().project, select);
}

/** What `select` takes of the open image's draft; null while none is open. */
function useDraftPart<T>(select: (draft: Draft) => T): T | null {
  const studio = useStudio();
  const imageId = useSession((state) => state.imageId);
  return useProject(({ document }) => {
    if (imageId === null || !(imageId in document.images)) return null;
    return select(document.drafts[imageId] ?? studio.draftOf(imageId));
  });
}

/** The shapes of the open image's region; null while none is open. */
export function useShapes(): readonly RegionShape[] | null {
  return useDraftPart((draft) => draft.shapes);
}

/** Whether nothing is drawn on the open image yet. */
export function useRegionEmpty(): boolean {
  return useDraftPart((draft) => draft.shapes.length === 0) ?? false;
}

/**
 * The open image's draft but for its shapes; null while none is open. The same object while only shapes change, so that
 * a stroke does not cost drawing all panels anew.
 */
export function useDraftSettings(): DraftSettings | null {
  return useDraftPart(
    useShallow((draft: Draft): DraftSettings => {
      const { shapes: _, ...settings } = draft;
      return settings;
    }),
  );
}

export function useImage(): ImageRecord | null {
  const imageId = useSession((state) => state.imageId);
  return useProject((state) => (imageId === null ? null : (state.document.images[imageId] ?? null)));
}

/** Whether an action can be done now. */
export function useEnabled(action: Action): boolean {
  const studio = useStudio();
  const subscribe = useCallback(
    (changed: () => void) => {
      const undo = [studio.session.subscribe(changed), studio.project.subscribe(changed)];
      return () => undo.forEach((stop) => stop());
    },
    [studio],
  );
  return useSyncExternalStore(subscribe, () => action.enabled(studio));
}
