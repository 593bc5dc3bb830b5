import * as tf from '@tensorflow/tfjs-core';
import { StudioError } from '../../core/errors';
import type { StepContext } from './trainer';

/**
 * Reads a step's losses back, in one go with the norms of its gradients, which are only checked.
 * @throws StudioError `model-failed` if one is not finite.
 */
export async function readLosses(
  losses: Readonly<Record<string, tf.Scalar>>,
  norms: readonly tf.Scalar[],
  { step, rate }: Pick<StepContext, 'step' | 'rate'>,
): Promise<Record<string, number>> {
  const stacked = tf.stack([...Object.values(losses), ...norms]);
  try {
    const values = await stacked.data();
    const read: Record<string, number> = {};
    Object.keys(losses).forEach((name, i) => (read[name] = values[i]));
    const bad = Object.keys(read).find((name) => !Number.isFinite(read[name]));
    if (bad !== undefined || !values.every(Number.isFinite)) {
      const what = bad === undefined ? 'gradient' : `${bad} loss`;
      const message = `Training diverged at step ${step + 1}: the ${what} is no finite number. Go on from an earlier checkpoint, or start again, with a learning rate below ${Number(rate.toPrecision(2))}.`;
      throw new StudioError('model-failed', 'training', message);
    }
    return read;
  } finally {
    stacked.dispose();
  }
}
