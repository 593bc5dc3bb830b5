import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Pairs a minute from the command line, start-up included, on the demo's pin trays. */
export async function benchCli(): Promise<void> {
  for (const renderer of ['generator', 'direct']) {
    const out = await mkdtemp(path.join(tmpdir(), 'studio-bench-'));
    const count = 40;
    const images = path.join(root, 'public/datasets/demo/pin_tray/train/good');
    const args = ['synth', '--images', images, '--count', `${count}`, '--seed', '1', '--out', out];
    const start = performance.now();
    await promisify(execFile)(
      process.execPath,
      ['--import', './scripts/register.mjs', 'src/cli/main.ts', ...args, '--renderer', renderer],
      { cwd: root },
    );
    const minutes = (performance.now() - start) / 60_000;
    console.log(`cli synth, ${renderer}: ${(count / minutes).toFixed(0)} pairs a minute at 256²`);
    await rm(out, { recursive: true });
  }
}
