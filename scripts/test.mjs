// `npm test`: sets up a fresh machine, then checks, unit tests, the production build and the browser tests.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureChromium, ensureDependencies, fail, run, softwareGpuEnvironment } from './setup.mjs';

ensureDependencies();
const chromium = await ensureChromium();
const env = { ...process.env, CHROMIUM_PATH: chromium, ...softwareGpuEnvironment(chromium) };

const counts = mkdtempSync(path.join(tmpdir(), 'studio-tests-'));
const [unit, browser] = ['unit.json', 'browser.json'].map((file) => path.join(counts, file));
env.PLAYWRIGHT_JSON_OUTPUT_FILE = browser;

const steps = [
  ['Types, lint, imports, format', ['run', '-s', 'check']],
  [
    'Unit tests',
    ['run', '-s', 'test:unit', '--', '--reporter=default', '--reporter=json', `--outputFile.json=${unit}`],
  ],
  ['Production build', ['run', '-s', 'build', '--', '--logLevel', 'warn']],
  ['Browser tests', ['run', '-s', 'test:e2e', '--', '--reporter=list,json']],
];

for (const [title, args] of steps) {
  const start = performance.now();
  console.log(`\n── ${title}`);
  if (!run('npm', args, { env })) fail(`\n${title}: failed.`);
  console.log(`── ${title}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

const inNode = JSON.parse(readFileSync(unit, 'utf8'));
const inBrowser = JSON.parse(readFileSync(browser, 'utf8')).stats;
rmSync(counts, { recursive: true });
const passed = inNode.numPassedTests + inBrowser.expected + inBrowser.flaky;
const failed = inNode.numFailedTests + inBrowser.unexpected;
const skipped = inNode.numPendingTests + inNode.numTodoTests + inBrowser.skipped;
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
