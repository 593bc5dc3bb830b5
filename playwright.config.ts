import { defineConfig } from '@playwright/test';

const args = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  testDir: 'e2e',
  timeout: 240_000,
  // A shared machine can stand still for a while; a test that fails twice has a reason of its own.
  retries: process.env.CI ? 1 : 0,
  expect: { timeout: 120_000 },
  // The studio under test uses every core itself.
  workers: 1,
  reporter: [['list']],
  forbidOnly: !!process.env.CI,
  use: {
    baseURL: 'http://localhost:4173/',
    // A click that finds nothing to click should say so, not wait for the test's end.
    actionTimeout: 60_000,
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
    launchOptions: { executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args },
  },
  projects: [
    { name: 'wasm', testIgnore: /webgpu/ },
    {
      // WebGPU in software: slow, but the same API, on networks and images small enough for it.
      name: 'webgpu',
      testMatch: /webgpu/,
      use: {
        launchOptions: {
          executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
          // The last three: without them the device is lost as soon as it draws into a canvas.
          args: [
            ...args,
            '--enable-unsafe-webgpu',
            '--use-webgpu-adapter=swiftshader',
            '--enable-features=Vulkan',
            '--use-vulkan=swiftshader',
            '--use-angle=swiftshader',
          ],
        },
      },
    },
  ],
  webServer: {
    command: 'npx vite preview --port 4173 --strictPort',
    url: 'http://localhost:4173/',
    reuseExistingServer: true,
  },
});
