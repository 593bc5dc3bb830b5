// `npm start`: sets up what is missing, builds what is stale, serves the studio and opens it.
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ensureDependencies, fail, root, run } from './setup.mjs';

const SOURCES = ['src', 'public', 'index.html', 'vite.config.ts', 'package-lock.json'];

function newest(file) {
  const stat = statSync(file);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(file).map((name) => newest(path.join(file, name))));
}

ensureDependencies();
const built = path.join(root, 'dist/index.html');
if (!existsSync(built) || SOURCES.some((name) => newest(path.join(root, name)) > statSync(built).mtimeMs)) {
  if (!run('npx', ['vite', 'build', '--logLevel', 'warn']))
    fail('The studio could not be built; see the messages above.');
}

const { preview } = await import('vite');
const headless = process.env.CI || process.env.BROWSER === 'none' || process.argv.includes('--no-open');
const server = await preview({ root, preview: { open: !headless, port: 5174 } });
console.log(`LogicAL Studio is at ${server.resolvedUrls?.local[0]}  (Ctrl+C stops it)`);
