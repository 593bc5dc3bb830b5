/**
 * Registers the service worker of a production build once the page has settled, so that filling the offline cache does
 * not compete with the first picture. A page that its host did not isolate reloads once, through the worker, to become
 * so.
 */
export function registerOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const register = async () => {
    try {
      await navigator.serviceWorker.register(new URL('service-worker.js', document.baseURI));
      await navigator.serviceWorker.ready;
    } catch (error) {
      // The studio works without it, on this visit.
      console.warn('The studio will not be available offline:', error);
      return;
    }
    if (self.crossOriginIsolated || sessionStorage.getItem(RELOADED)) return;
    sessionStorage.setItem(RELOADED, 'yes');
    location.reload();
  };
  const whenIdle = () => (globalThis.requestIdleCallback ?? setTimeout)(() => void register());
  // Without isolation the runtime has one thread: worth an early reload. With it, the cache can wait.
  if (self.crossOriginIsolated) setTimeout(whenIdle, OFFLINE_DELAY);
  else whenIdle();
}

const RELOADED = 'logical-studio:isolated-by-reload';
/** Milliseconds left to the first picture before the offline cache is filled. */
const OFFLINE_DELAY = 15_000;
