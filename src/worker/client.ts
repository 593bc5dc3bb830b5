import { wrap, type Remote } from 'comlink';
import { StudioError } from '../core/errors';
import type { StudioWorker } from './api';
import { keepErrorsWhole } from './rpc';

/**
 * Starts the compute worker. A worker that cannot load or dies of an uncaught error is reported through `onFailure`;
 * calls under way at that moment would otherwise wait for ever.
 */
export function connectWorker(onFailure: (error: StudioError) => void): Remote<StudioWorker> {
  keepErrorsWhole();
  const worker = new Worker(new URL('./studio-worker.ts', import.meta.url), { type: 'module', name: 'studio' });
  worker.addEventListener('error', (event) => {
    onFailure(
      new StudioError(
        'internal',
        'compute',
        `The part of the studio that computes has stopped (${event.message || 'it could not be loaded'}). Your work is saved; reload the page to go on.`,
        { cause: event.error },
      ),
    );
  });
  const studio = wrap<StudioWorker & { locate(base: string): void }>(worker);
  // Messages keep their order, so this is known before the first real call.
  void studio.locate(document.baseURI);
  return studio as unknown as Remote<StudioWorker>;
}
