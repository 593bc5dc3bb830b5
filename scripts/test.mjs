// `npm test`: sets up a fresh machine, then checks, unit tests, the production build and the browser tests.
import { ensureChromium, ensureDependencies, fail, run, softwareGpuEnvironment } from './setup.mjs';

ensureDependencies();
const chromium = await ensureChromium();
const env = { ...process.env, CHROMIUM_PATH: chromium, ...softwareGpuEnvironment(chromium) };

const steps = [
  ['Types, lint, imports, format', ['run', '-s', 'check']],
  ['Unit tests', ['run', '-s', 'test:unit']],
  ['Production build', ['run', '-s', 'build', '--', '--logLevel', 'warn']],
  ['Browser tests', ['run', '-s', 'test:e2e']],
];

for (const [title, args] of steps) {
  const start = performance.now();
  console.log(`\n── ${title}`);
  if (!run('npm', args, { env })) fail(`\n${title}: failed.`);
  console.log(`── ${title}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
