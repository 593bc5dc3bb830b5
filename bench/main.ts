/**
 * `npm run bench [part …]`: prints measurements of this machine, each against an alternative measured in the same run.
 * Parts: kernels, models, regions, detector, export, evaluate, cli, training, first-anomaly; all if none is named.
 */
import { availableParallelism, cpus } from 'node:os';
import { benchCli } from './cli';
import { benchDetector } from './detector';
import { benchEvaluate } from './evaluate';
import { benchExport } from './export';
import { benchFirstAnomaly } from './first-anomaly';
import { benchKernels } from './kernels';
import { benchModels } from './models';
import { benchRegions } from './regions';
import { benchTraining } from './training';

const parts: Record<string, () => Promise<unknown>> = {
  models: benchModels,
  regions: benchRegions,
  detector: benchDetector,
  export: benchExport,
  evaluate: benchEvaluate,
  cli: benchCli,
  training: benchTraining,
  'first-anomaly': benchFirstAnomaly,
  kernels: () => benchKernels(),
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in parts));
if (unknown !== undefined) {
  console.error(`There is no benchmark “${unknown}”. There are: ${Object.keys(parts).join(', ')}.`);
  process.exit(1);
}
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} threads, Node ${process.version}`);
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
  console.log(`\n── ${name}`);
  await parts[name]();
}
process.exit(0);
