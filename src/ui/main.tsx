import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './global.css';
import { MantineProvider } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { reportOf, type StudioError } from '../core/errors';
import { OpfsBlobStore } from '../project/blobs';
import { openEvaluationStore } from '../project/evaluation-store';
import { IndexedDbPersistence } from '../project/persistence';
import { createProjectStore } from '../project/store';
import { connectWorker } from '../worker/client';
import { App } from './app/App';
import { Rescue } from './app/Rescue';
import { registerOffline } from './offline';
import { Pictures } from './pictures';
import { createSession } from './session';
import { Studio, type Notice } from './studio';
import { cssVariables, theme } from './theme';

const COLOURS: Readonly<Record<Notice['kind'], string>> = { error: 'red', warning: 'yellow', info: 'verdigris' };

function notify({ kind, title, message }: Notice): void {
  notifications.show({
    id: `${title}/${message}`,
    title,
    message,
    color: COLOURS[kind],
    autoClose: kind === 'error' ? 15_000 : 6000,
    closeButtonProps: { 'aria-label': 'Dismiss' },
  });
}

/** Storage may be forbidden (private windows, policies): the studio works then, and forgets the layout. */
function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

const session = createSession(browserStorage(), { wide: window.innerWidth >= 1200 });
const worker = connectWorker((error: StudioError) => {
  session.setState({ computeError: reportOf(error, 'compute'), computeStarting: false, busy: false });
  notify({ kind: 'error', title: 'Computing stopped', message: error.message });
});
const studio = new Studio(
  createProjectStore(new IndexedDbPersistence()),
  session,
  worker,
  new Pictures(new OpfsBlobStore()),
  openEvaluationStore(),
  notify,
);

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root element.');
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Rescue>
        <App studio={studio} />
      </Rescue>
    </MantineProvider>
  </StrictMode>,
);
void studio.start();
registerOffline();
