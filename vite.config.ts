import react from '@vitejs/plugin-react';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';

/** SharedArrayBuffer (threads in ONNX Runtime's wasm) needs a cross-origin isolated page. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  // Relative addresses, so that the build also works from a sub-folder of a static host.
  base: './',
  plugins: [
    react(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src/ui',
      filename: 'service-worker.ts',
      injectRegister: false,
      manifest: false,
      injectManifest: {
        globPatterns: ['**/*.{html,js,css,svg,png,jpg,json,wasm,mjs,onnx,md}'],
        maximumFileSizeToCacheInBytes: 64 * 2 ** 20,
      },
    }),
  ],
  server: { headers: isolation },
  preview: { headers: isolation },
  worker: { format: 'es' },
  // Pre-bundling would move the runtime's script away from the .wasm files it loads by address.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  build: { target: 'es2023', sourcemap: true },
  test: {
    include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
    environment: 'node',
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Every test file of the kernels opens a software GPU device of its own; two at once is what two cores carry.
    maxWorkers: 2,
  },
});
