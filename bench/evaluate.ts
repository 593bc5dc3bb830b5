import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createMask, maskArea, type BinaryMask } from '../src/core/mask';
import { npyMap, npyHeader, npyOf } from '../src/datasets/maps-testing';
import { decodeNpy } from '../src/datasets/npy';
import { rasterOf, type Raster } from '../src/core/raster';
import { evaluate, GOOD, type EvaluationSample } from '../src/evaluation/evaluator';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
const SIDE = 1024;
/** Images of 1 megapixel: as many as numpy sorts in the memory of a small machine, and as many as a large test set. */
const [FEW, MANY] = [40, 500];

interface Measured {
  pixel_auroc: number;
  pixel_ap: number;
  aupro: number;
  au_spro: number;
  /** Processor time of the whole process, which others on the machine disturb less than the clock. */
  seconds: number;
  /** Resident memory, bytes. */
  peak: number;
}

/**
 * Pixel metrics of synthetic maps: against numpy on the same files (skipped where there is none), each in a process of
 * its own for its peak memory; and of 500 maps of 1 megapixel, which are made as they are needed.
 */
export async function benchEvaluate(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'studio-bench-'));
  try {
    for (let i = 0; i < FEW; i++) {
      const { map, mask } = synthetic(i);
      await writeFile(path.join(folder, `${name(i)}.map.npy`), npyMap(map.data, SIDE, SIDE));
      if (mask) {
        const bytes = npyOf(npyHeader('|u1', `(${SIDE}, ${SIDE})`), mask.data);
        await writeFile(path.join(folder, `${name(i)}.mask.npy`), bytes);
      }
    }
    const ours = await inProcess('files', folder);
    print(`${FEW} maps of 1 megapixel from files`, ours);
    const numpy = await run(process.env.PYTHON ?? 'python3', ['bench/evaluate_numpy.py', folder], { cwd: root }).catch(
      (error: Error) => console.log(`numpy: skipped (${error.message.trim().split('\n').at(-1)})`),
    );
    if (numpy) {
      const theirs = JSON.parse(numpy.stdout) as Measured;
      print('the same with numpy', theirs);
      const ratio = (theirs.seconds / ours.seconds).toFixed(1);
      const memory = (theirs.peak / ours.peak).toFixed(1);
      const keys = ['pixel_auroc', 'pixel_ap', 'aupro', 'au_spro'] as const;
      const difference = Math.max(...keys.map((key) => Math.abs(ours[key] - theirs[key])));
      console.log(
        `numpy / ours: processor time ${ratio}, memory ${memory}; largest difference ${difference.toExponential(0)}`,
      );
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  print(`${MANY} maps of 1 megapixel, made in memory`, await inProcess('made', String(MANY)));
}

function print(what: string, { seconds, peak, pixel_auroc: auroc }: Measured): void {
  const memory = (peak / 2 ** 20).toFixed(0);
  console.log(
    `evaluate, ${what}: ${seconds.toFixed(1)} s of processor time, peak memory ${memory} MB (pixel AUROC ${auroc.toFixed(4)})`,
  );
}

async function inProcess(source: 'files' | 'made', argument: string): Promise<Measured> {
  const args = ['--import', './scripts/register.mjs', 'bench/evaluate-run.ts', source, argument];
  const { stdout } = await run(process.execPath, args, { cwd: root });
  return JSON.parse(stdout) as Measured;
}

const name = (i: number) => String(i).padStart(3, '0');

/** Noise with a blurred spot or two; every second image is anomalous, its defect brighter by some. */
function synthetic(seed: number): { map: Raster; mask: BinaryMask | null } {
  const data = new Float32Array(SIDE * SIDE);
  const mask = seed % 2 ? createMask(SIDE, SIDE) : null;
  // A xorshift of its own: half a billion draws.
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < data.length; i++) data[i] = uniform() * uniform();
  for (let spot = 0; mask && spot < 2; spot++) {
    const [x0, y0, radius] = [uniform() * SIDE, uniform() * SIDE, 60 + uniform() * 90];
    for (let y = Math.max(0, Math.ceil(y0 - radius)); y < Math.min(SIDE, y0 + radius); y++) {
      for (let x = Math.max(0, Math.ceil(x0 - radius)); x < Math.min(SIDE, x0 + radius); x++) {
        if ((x - x0) ** 2 + (y - y0) ** 2 > radius ** 2 || mask.data[y * SIDE + x]) continue;
        mask.data[y * SIDE + x] = 1;
        data[y * SIDE + x] += 0.4 * uniform();
      }
    }
  }
  return { map: rasterOf(data, SIDE, SIDE), mask };
}

/** What `bench/evaluate-run.ts` does in its process. */
export async function measured(source: string, argument: string): Promise<Measured> {
  const { pixel, pro, subsets } = await evaluate(source === 'files' ? fromFiles(argument) : made(Number(argument)), {
    spro: true,
  });
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    pixel_auroc: pixel!.auroc,
    pixel_ap: pixel!.averagePrecision,
    aupro: pro!.areas.find(({ limit }) => limit === 0.3)!.area,
    au_spro: subsets[0].spro!.areas.find(({ limit }) => limit === 0.05)!.area,
    seconds: (userCPUTime + systemCPUTime) / 1e6,
    peak: maxRSS * 1024,
  };
}

function sampleOf(i: number, map: Raster, mask: BinaryMask | null): EvaluationSample {
  if (!mask) return { name: name(i), subset: GOOD, map, defects: [] };
  const saturation = Math.floor(maskArea(mask) / 2);
  return { name: name(i), subset: 'spots', map, defects: [{ name: 'spot', mask, saturation }] };
}

async function* made(count: number): AsyncGenerator<EvaluationSample> {
  for (let i = 0; i < count; i++) {
    const { map, mask } = synthetic(i);
    yield sampleOf(i, map, mask);
  }
}

async function* fromFiles(folder: string): AsyncGenerator<EvaluationSample> {
  const read = async (file: string) => decodeNpy(await readFile(path.join(folder, file)), file);
  for (let i = 0; i < FEW; i++) {
    const map = await read(`${name(i)}.map.npy`);
    const levels = i % 2 ? await read(`${name(i)}.mask.npy`) : null;
    yield sampleOf(i, map, levels && { width: SIDE, height: SIDE, data: Uint8Array.from(levels.data) });
  }
}
