import { StudioError } from '../../core/errors';
import type { FloatTensor } from '../onnx-file/onnx';

/**
 * PiDiNet's difference convolutions as plain ones (Su et al. 2021; methods.md section 1). A difference convolution
 * weighs differences of the pixels in its window, which is linear in the pixels, so each has a plain kernel that does
 * the same. Entries of a 3×3 kernel are counted 0…8 row by row.
 */

/** Central, angular and radial difference, and plain convolution. */
export type ConvKind = 'cd' | 'ad' | 'rd' | 'cv';

/** The pixel before each one: clockwise around the ring, the centre before itself. */
const RING_SOURCE = [3, 0, 1, 6, 4, 2, 7, 8, 5];
/** Where the outer and inner pixel of each radial pair 1…8 lie in the 5×5 window. */
const OUTER = [0, 2, 4, 10, 14, 20, 22, 24];
const INNER = [6, 7, 8, 11, 13, 16, 17, 18];

const BLOCKS_PER_STAGE = [3, 4, 4, 4];
/** The paper's configuration `carv4`: kinds of the backbone's layers, repeating. */
const KIND_CYCLE: readonly ConvKind[] = ['cd', 'ad', 'rd', 'cv'];

/** Width of the backbone (output channels of the first layer) by variant. */
export const VARIANTS = { tiny: 20, small: 30, full: 60 } as const;
export type PidinetVariant = keyof typeof VARIANTS;

/** Name of the weights → kind, of every layer of the backbone. */
export function differenceLayers(): Map<string, ConvKind> {
  const names = ['init_block.weight'];
  BLOCKS_PER_STAGE.forEach((blocks, stage) => {
    for (let block = 1; block <= blocks; block++) names.push(`block${stage + 1}_${block}.conv1.weight`);
  });
  return new Map(names.map((name, i) => [name, KIND_CYCLE[i % KIND_CYCLE.length]]));
}

/**
 * Plain kernels of a difference convolution: [O, I, 3, 3] → [O, I, 3, 3], or [O, I, 5, 5] for rd (padding 2).
 * @throws RangeError if the weights are not [O, I, 3, 3].
 */
export function plainKernel(weight: FloatTensor, kind: ConvKind): FloatTensor {
  const [outputs, inputs, height, width] = weight.dims;
  if (weight.dims.length !== 4 || height !== 3 || width !== 3) {
    throw new RangeError(`A difference kernel is [O, I, 3, 3], not [${weight.dims.join(', ')}].`);
  }
  if (kind === 'cv') return weight;
  const size = kind === 'rd' ? 25 : 9;
  const pairs = outputs * inputs;
  const data = new Float32Array(pairs * size);
  for (let pair = 0; pair < pairs; pair++) {
    const w = weight.data.subarray(9 * pair, 9 * pair + 9);
    const plain = data.subarray(size * pair, size * pair + size);
    switch (kind) {
      case 'cd': {
        let sum = 0;
        for (let i = 0; i < 9; i++) sum += w[i];
        plain.set(w);
        plain[4] = w[4] - sum;
        break;
      }
      case 'ad':
        for (let i = 0; i < 9; i++) plain[i] = w[i] - w[RING_SOURCE[i]];
        break;
      case 'rd':
        for (let i = 0; i < 8; i++) {
          plain[OUTER[i]] = w[i + 1];
          plain[INNER[i]] = -w[i + 1];
        }
        break;
    }
  }
  return { dims: kind === 'rd' ? [outputs, inputs, 5, 5] : weight.dims, data };
}

/**
 * Which variant the weights of a checkpoint are.
 * @throws StudioError `bad-weights` if they are not PiDiNet's, or PiDiNet's without the modules the studio's graph has.
 */
export function variantOf(weights: ReadonlyMap<string, FloatTensor>, file: string): PidinetVariant {
  const fail = (problem: string) => new StudioError('bad-weights', 'model', `${file} ${problem}.`, { file });
  const first = weights.get('init_block.weight');
  if (!first) throw fail('holds weights of another network than PiDiNet. Choose one of its checkpoints');
  if (![...weights.keys()].some((name) => name.startsWith('dilations.'))) {
    throw fail('is a PiDiNet without dilation modules (its name ends in -l). Choose the checkpoint without the -l');
  }
  const names = Object.keys(VARIANTS) as PidinetVariant[];
  const variant = names.find((name) => VARIANTS[name] === first.dims[0]);
  if (!variant) throw fail(`is a PiDiNet of width ${first.dims[0]}. Choose one of width 20, 30 or 60`);
  if (first.dims.join() !== `${VARIANTS[variant]},3,3,3`)
    throw fail('holds plain kernels already. Choose its .onnx file');
  return variant;
}

/** All weights with the difference kernels made plain; names stay. */
export function plainWeights(weights: ReadonlyMap<string, FloatTensor>): Map<string, FloatTensor> {
  const kinds = differenceLayers();
  return new Map(
    [...weights].map(([name, value]) => {
      const kind = kinds.get(name);
      return [name, kind ? plainKernel(value, kind) : value];
    }),
  );
}
