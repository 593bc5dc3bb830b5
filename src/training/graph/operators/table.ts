import { Conv } from './convolution';
import { elementwise } from './elementwise';
import { normalization } from './normalization';
import type { Operator } from './operator';
import { Pad } from './padding';
import { pooling } from './pooling';
import { reductions } from './reduction';
import { Resize } from './resize';
import { shaping } from './shaping';

/** Every operator that can be run and trained, by its ONNX name, as opsets 13 to 17 define it. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({ ...elementwise, ...normalization, ...pooling, ...reductions, ...shaping, Conv, Pad, Resize }),
);
