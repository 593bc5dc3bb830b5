import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import type { Draft, ImageRecord } from '../../project/document';
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

/** The open image's draft; null while none is open. */
export function useDraft(): Draft | null {
  const studio = useStudio();
  const imageId = useSession((state) => state.imageId);
  const edited = useProject((state) => (imageId === null ? undefined : state.document.drafts[imageId]));
  const exists = useProject((state) => imageId !== null && imageId in state.document.images);
  if (imageId === null || !exists) return null;
  return edited ?? studio.draftOf(imageId);
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
