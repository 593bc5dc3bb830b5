import type { Random } from '../core/random';
import type { Augmentation } from '../core/recipe';

/**
 * A random A(·) of LogicAL Eq. 1 ("flip or resize", section 3.1, with the turns and shifts that the paper's figures
 * show): each flip with probability ½, scale log-uniform in [0.7, 1.4], a turn up to ±30°, and a shift of up to a fifth
 * of the size, so that the donor's parts still fall on the product.
 */
export function randomAugmentation(random: Random): Augmentation {
  return {
    flipX: random.chance(0.5),
    flipY: random.chance(0.5),
    scale: random.logUniform(0.7, 1.4),
    rotation: random.uniform(-Math.PI / 6, Math.PI / 6),
    translateX: random.uniform(-0.2, 0.2),
    translateY: random.uniform(-0.2, 0.2),
  };
}

/** A sibling of the image with this id, never the image itself; null if there is none. */
export function randomDonor<T extends { readonly id: string }>(
  random: Random,
  imageId: string,
  siblings: readonly T[],
): T | null {
  const others = siblings.filter(({ id }) => id !== imageId);
  return others.length > 0 ? random.pick(others) : null;
}
