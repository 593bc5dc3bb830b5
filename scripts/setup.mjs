// What a fresh machine with only Node needs. Uses nothing but Node's own modules: it runs before any dependency exists.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const MINIMUM_NODE = [20, 19];

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
    fail(
      `LogicAL Studio needs Node ${MINIMUM_NODE.join('.')} or newer; this is ${process.version}. Install a newer Node.`,
    );
  }
}

export function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

/** Runs a program with its output shown. Returns whether it succeeded. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    ...options,
  });
  return result.status === 0;
}

/** Installs the dependencies when they are missing or older than the lock file. */
export function ensureDependencies() {
  checkNode();
  const installed = path.join(root, 'node_modules/.package-lock.json');
  const lock = path.join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  if (existsSync(installed) && sameVersions(installed, lock)) return;
  console.log('Installing dependencies …');
  // onnxruntime-node would otherwise fetch CUDA libraries, which nothing here uses.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  if (!run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { env })) {
    fail('The dependencies could not be installed. Check the network and the messages above, then try again.');
  }
}

function sameVersions(installed, lock) {
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(lock, 'utf8')).packages;
  return Object.entries(want).every(
    ([name, entry]) => name === '' || entry.optional || entry.peer || have[name]?.version === entry.version,
  );
}

const INSTALLED_BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * A Chromium: the one named by CHROMIUM_PATH, one already installed, Playwright's (downloaded if need be), or, on Debian
 * as root, the package.
 */
export async function ensureChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (!existsSync(named)) fail(`CHROMIUM_PATH names ${named}, which does not exist.`);
    return named;
  }
  const found = INSTALLED_BROWSERS.find((candidate) => existsSync(candidate));
  if (found) return found;
  const { chromium } = await import(pathToFileURL(path.join(root, 'node_modules/playwright/index.mjs')).href);
  if (existsSync(chromium.executablePath())) return chromium.executablePath();
  if (existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    console.log('Installing the Debian package chromium …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    if (run('apt-get', ['update', '-qq'], { env }) && run('apt-get', ['install', '-y', '-qq', 'chromium'], { env })) {
      return '/usr/bin/chromium';
    }
  }
  console.log('Fetching a Chromium through Playwright …');
  if (run('npx', ['playwright', 'install', 'chromium']) && existsSync(chromium.executablePath())) {
    return chromium.executablePath();
  }
  return fail('No Chromium was found and none could be installed. Install one, or name it in CHROMIUM_PATH.');
}

/** SwiftShader and a Vulkan loader, which come with Chromium, let Dawn run WebGPU in software for the kernel tests. */
export function softwareGpuEnvironment(chromium) {
  if (process.env.VK_ICD_FILENAMES) return {};
  const folder = [path.dirname(chromium), '/usr/lib/chromium'].find((candidate) =>
    existsSync(path.join(candidate, 'vk_swiftshader_icd.json')),
  );
  if (!folder) return {};
  const libraries = [process.env.LD_LIBRARY_PATH, folder].filter(Boolean).join(':');
  return { VK_ICD_FILENAMES: path.join(folder, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: libraries };
}
