/// <reference lib="webworker" />
import type { WorkboxPlugin } from 'workbox-core';
import { addPlugins, cleanupOutdatedCaches, precacheAndRoute, type PrecacheEntry } from 'workbox-precaching';

/**
 * Makes the studio work without a network after the first visit (speakers have none), and cross-origin isolated on
 * hosts that cannot set headers: ONNX Runtime's threads need SharedArrayBuffer, which needs isolation.
 */
declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (PrecacheEntry | string)[] };

const isolation: WorkboxPlugin = {
  handlerWillRespond: async ({ response }) => {
    if (response.type === 'opaque') return response;
    const headers = new Headers(response.headers);
    headers.set('Cross-Origin-Opener-Policy', 'same-origin');
    headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
    headers.set('Cross-Origin-Resource-Policy', 'same-origin');
    return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
  },
};

addPlugins([isolation]);
cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST, {
  // The page keeps its state in storage, never in the address.
  ignoreURLParametersMatching: [/.*/],
  directoryIndex: 'index.html',
});

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
