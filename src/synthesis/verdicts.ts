import type { Operation, Renderer } from '../core/recipe';
import type { SynthesisMeasure } from './synthesize';

export interface VerdictContext {
  readonly renderer: Renderer['kind'];
  readonly operation: Operation;
  /** Edited share of edges above which the generator was measured to collapse; null if unknown. */
  readonly collapseShare: number | null;
}

/** Below this IoU of painted and changed area a person should look before using the pair. */
export const AGREEMENT_LIMIT = 0.3;
/** A region smaller than this share of the change (or the other way round) is called out with its direction. */
const LOPSIDED = 3;

/** A generator that changes more than this share of the picture beyond the region has lost hold of it. */
export const STRAY_LIMIT = 0.03;

/** Plain sentences about what could be wrong with a result; none when nothing is. */
export function verdicts(
  measured: Pick<SynthesisMeasure, 'editedShare' | 'regionArea' | 'changedArea' | 'agreement' | 'strayShare'>,
  { renderer, operation, collapseShare }: VerdictContext,
): string[] {
  const { editedShare, regionArea, changedArea, agreement, strayShare } = measured;
  if (regionArea === 0) return [];
  const sentences: string[] = [];
  if (renderer === 'generator' && collapseShare !== null && editedShare > collapseShare) {
    sentences.push(
      `${percent(editedShare)} of the edges are edited. Above ${percent(collapseShare)} the generator was measured to lose the product: choose a smaller region.`,
    );
  }
  if (renderer === 'generator' && strayShare > STRAY_LIMIT) {
    sentences.push(
      `The generator also changed ${percent(strayShare)} of the picture away from the region. Composited output leaves that out; a smaller region avoids it.`,
    );
  }
  if (changedArea === 0) {
    sentences.push(
      operation === 'remove'
        ? 'Nothing changed: the region holds no edges to remove. Move it onto a part, or lower the threshold τ.'
        : 'Nothing changed: the donor looks the same here. Shuffle the donor, move it, or lower the threshold τ.',
    );
  } else if (agreement < AGREEMENT_LIMIT) {
    if (changedArea * LOPSIDED < regionArea) {
      sentences.push(
        `Only ${percent(changedArea / regionArea)} of the painted area really changed. Use the mask of what changed, not the painted one.`,
      );
    } else if (regionArea * LOPSIDED < changedArea) {
      sentences.push('More changed than was painted. Check the picture around the region.');
    } else {
      sentences.push('What changed lies elsewhere than what was painted. Check the picture before using the pair.');
    }
  }
  return sentences;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
