import { useMemo } from 'react';
import type { ErrorReport } from '../../../core/errors';
import { heatRange } from '../../../evaluation/heat-range';
import type { EvaluationDetails, EvaluationRecord } from '../../../project/evaluation';
import { anomalousKinds } from '../../../project/evaluation-text';
import { useSession } from '../../app/context';

/** An evaluation as it is shown. */
export interface Run {
  readonly record: EvaluationRecord;
  readonly details: EvaluationDetails;
  /** In the order of their names: their place gives them their colour. */
  readonly kinds: readonly string[];
  /** As the sliders stand. */
  readonly threshold: number;
  readonly pixelThreshold: number | null;
}

/** The details of an evaluation: null while they are read, or why they cannot be. */
export function useDetails({ details }: EvaluationRecord): EvaluationDetails | ErrorReport | null {
  return useSession((state) => state.evaluation.details.get(details) ?? null);
}

export function useRun(record: EvaluationRecord, details: EvaluationDetails): Run {
  const dragged = useSession((state) => state.evaluation.dragged);
  const kinds = useMemo(() => anomalousKinds(details.images), [details]);
  const threshold = dragged?.threshold ?? record.threshold;
  const pixelThreshold = dragged?.pixelThreshold ?? record.pixelThreshold;
  return useMemo(
    () => ({ record, details, kinds, threshold, pixelThreshold }),
    [record, details, kinds, threshold, pixelThreshold],
  );
}

/** Scores worth outlining: from a plain background to the highest peak. */
export function pixelRange({ images }: EvaluationDetails): { readonly low: number; readonly high: number } {
  const low = Math.min(...images.map(({ median }) => median));
  const high = Math.max(...images.map(({ peak }) => peak.score));
  return high > low ? { low, high } : { low, high: low + 1 };
}

const PROBABILITIES = { low: 0, high: 1 };
const ranges = new WeakMap<EvaluationDetails, { readonly low: number; readonly high: number }>();

/** Scores between which heat maps are coloured: detectors give probabilities, of other maps nothing is known. */
export function heatRangeOf(
  { detector }: EvaluationRecord,
  details: EvaluationDetails,
): { readonly low: number; readonly high: number } {
  if (detector.kind !== 'maps') return PROBABILITIES;
  let range = ranges.get(details);
  if (!range) ranges.set(details, (range = heatRange(details.images)));
  return range;
}
