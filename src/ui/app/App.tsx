import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { spotlight } from '@mantine/spotlight';
import { lazy, Suspense, useEffect, useMemo, useRef, type ChangeEvent } from 'react';
import { actionFor, type Shell } from '../actions';
import { chosenFiles } from '../drop';
import { DatasetPage } from '../panels/dataset/DatasetPage';
import { Welcome } from '../panels/dataset/Welcome';
import { IS_MAC } from '../parts/keys';
import type { Studio } from '../studio';
import classes from './app.module.css';
import { ShellContext, StudioContext, useProject, useSession } from './context';
import { DropZone } from './DropZone';
import { Header } from './Header';
import { Networks } from './Networks';
import { Palette } from './Palette';
import { Shortcuts } from './Shortcuts';

// The canvas library is the larger half of the page; the first screen does without it.
const loadSynthesize = () => import('../panels/synthesize/SynthesizePage');
const loadTrain = () => import('../panels/train/TrainPage');
const loadEvaluate = () => import('../panels/evaluate/EvaluatePage');
const loadExport = () => import('../panels/export/ExportPage');
const SynthesizePage = lazy(async () => ({ default: (await loadSynthesize()).SynthesizePage }));
const TrainPage = lazy(async () => ({ default: (await loadTrain()).TrainPage }));
const EvaluatePage = lazy(async () => ({ default: (await loadEvaluate()).EvaluatePage }));
const ExportPage = lazy(async () => ({ default: (await loadExport()).ExportPage }));

export function App({ studio }: { studio: Studio }) {
  const folderInput = useRef<HTMLInputElement>(null);
  const filesInput = useRef<HTMLInputElement>(null);
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('dark');
  const shell = useMemo(
    (): Shell => ({
      chooseFolder: () => folderInput.current?.click(),
      chooseFiles: () => filesInput.current?.click(),
      openPalette: () => spotlight.open(),
      toggleTheme: () => setColorScheme(scheme === 'dark' ? 'light' : 'dark'),
    }),
    [scheme, setColorScheme],
  );
  useShortcuts(studio, shell);
  useLeaveWarning(studio);
  useEffect(() => {
    // Ready before they are asked for; a failure shows when they are.
    loadSynthesize()
      .then(loadExport)
      .then(loadEvaluate)
      .then(loadTrain)
      .catch(() => undefined);
  }, []);
  const take = (event: ChangeEvent<HTMLInputElement>) => {
    const { files } = event.currentTarget;
    if (files) void studio.importFiles(chosenFiles(files));
    // The same folder can be chosen again.
    event.currentTarget.value = '';
  };

  return (
    <StudioContext.Provider value={studio}>
      <ShellContext.Provider value={shell}>
        <div className={classes.app}>
          <Header />
          <main className={classes.main}>
            <Suspense fallback={null}>
              <Page />
            </Suspense>
          </main>
        </div>
        <input
          ref={(input) => {
            folderInput.current = input;
            input?.setAttribute('webkitdirectory', '');
          }}
          type="file"
          multiple
          hidden
          aria-label="Folder of photographs"
          data-testid="folder-input"
          onChange={take}
        />
        <input
          ref={filesInput}
          type="file"
          multiple
          hidden
          accept="image/*"
          aria-label="Photographs"
          data-testid="files-input"
          onChange={take}
        />
        <DropZone />
        <Palette />
        <Shortcuts />
        <Networks />
        <Announcer />
        <Notifications
          position="bottom-center"
          limit={4}
          containerWidth={420}
          classNames={{ root: classes.notifications }}
        />
      </ShellContext.Provider>
    </StudioContext.Provider>
  );
}

function Page() {
  const ready = useSession((state) => state.ready);
  const page = useSession((state) => state.page);
  const empty = useProject((state) => Object.keys(state.document.datasets).length === 0);
  const importing = useSession((state) => state.importing !== null);
  const problems = useSession((state) => state.problems.length > 0);
  if (!ready) return null;
  // Both have something to show without a dataset.
  if (page === 'evaluate') return <EvaluatePage />;
  if (page === 'train') return <TrainPage />;
  if (empty && !importing && !problems) return <Welcome />;
  switch (page) {
    case 'dataset':
      return <DatasetPage />;
    case 'synthesize':
      return <SynthesizePage />;
    case 'export':
      return <ExportPage />;
  }
}

/** What happened, for those who cannot see it happen. */
function Announcer() {
  const text = useSession((state) => state.announced);
  return (
    <div role="status" className={classes.unseen}>
      {text}
    </div>
  );
}

/** Asks before leaving while something would be lost. */
function useLeaveWarning(studio: Studio): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      const { importing, exporting, keeping, evaluation, training } = studio.session.getState();
      const saved = studio.project.getState().saving === 'saved';
      // Of a training run the steps since its last checkpoint would be lost.
      if (importing || exporting || keeping || evaluation.running || training.underWay || !saved)
        event.preventDefault();
    };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [studio]);
}

const TYPING =
  'input:not([type="checkbox"], [type="radio"], [type="range"], [type="file"]), textarea, select, [contenteditable="true"]';

function useShortcuts(studio: Studio, shell: Shell): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.defaultPrevented || target?.closest('[role="dialog"], [role="menu"], [role="listbox"]')) return;
      const typing = target?.closest(TYPING);
      const withMod = event.ctrlKey || event.metaKey;
      // Text fields keep their keys, and their own undo.
      if (typing && (!withMod || /^[zyac vx]$/i.test(event.key))) return;
      const onCanvas = target?.closest('[data-canvas]') !== null && target !== null;
      // Enter and the space bar press the button that has the focus.
      if (!onCanvas && target?.closest('button, a') && (event.key === 'Enter' || event.key === ' ')) return;
      const action = actionFor(event, onCanvas, IS_MAC);
      if (!action || (action.yields && !action.enabled(studio))) return;
      event.preventDefault();
      if (event.repeat && !action.repeats) return;
      if (action.enabled(studio)) void action.run(studio, shell);
    };
    // Held, it shows what was before.
    const peek = (event: KeyboardEvent) => {
      if (event.key !== '\\' || (event.target instanceof Element && event.target.closest(TYPING))) return;
      event.preventDefault();
      if (!event.repeat) studio.session.setState({ peeking: event.type === 'keydown' });
    };
    const unpeek = () => studio.session.setState({ peeking: false });
    window.addEventListener('keydown', listen);
    window.addEventListener('keydown', peek);
    window.addEventListener('keyup', peek);
    window.addEventListener('blur', unpeek);
    return () => {
      window.removeEventListener('keydown', listen);
      window.removeEventListener('keydown', peek);
      window.removeEventListener('keyup', peek);
      window.removeEventListener('blur', unpeek);
    };
  }, [studio, shell]);
}
