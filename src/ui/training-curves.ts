import type { LossCurve, TrainingRunRecord, TrainingTask } from '../project/training';
import type { StepReport } from '../training/run/run';
import { isAdversarial, measureTitle, SCORES } from './training-text';

/** As charts take values: what is not there is not finite. */
export function plotted(values: readonly (number | null)[]): number[] {
  return values.map((value) => value ?? NaN);
}

/** The record's curve and the steps since. */
export function joinedCurve({ steps, losses }: LossCurve, since: readonly StepReport[]): LossCurve {
  const last = steps.at(-1) ?? 0;
  const fresh = since.filter(({ step }) => step > last);
  if (fresh.length === 0) return { steps, losses };
  const names = new Set([...Object.keys(losses), ...fresh.flatMap((step) => Object.keys(step.losses))]);
  const joined = [...names].map((name): [string, (number | null)[]] => {
    const before = losses[name] ?? steps.map(() => null);
    return [name, [...before, ...fresh.map((step) => step.losses[name] ?? null)]];
  });
  return { steps: [...steps, ...fresh.map(({ step }) => step)], losses: Object.fromEntries(joined) };
}

/** Names of the losses: those of how close results are, the total first; those that the discriminator brings. */
export function lossGroups({ losses }: LossCurve): { readonly fit: string[]; readonly adversarial: string[] } {
  const names = Object.keys(losses).sort((a, b) => Number(b === 'total') - Number(a === 'total'));
  return {
    fit: names.filter((name) => !isAdversarial(name)),
    adversarial: names.filter((name) => isAdversarial(name)),
  };
}

export interface MeasureLine {
  readonly label: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** The score first, then what else was measured; what is the score itself is not drawn twice. */
export function measureLines(
  task: TrainingTask,
  measurements: TrainingRunRecord['measurements'],
): readonly MeasureLine[] {
  if (measurements.length === 0) return [];
  const x = measurements.map(({ step }) => step);
  const scores = measurements.map(({ score }) => score);
  const names = [...new Set(measurements.flatMap(({ values }) => Object.keys(values)))];
  const others = names
    .map((name) => ({ label: measureTitle(name), x, y: measurements.map(({ values }) => values[name] ?? NaN) }))
    .filter(({ y }) => y.some((value, i) => value !== scores[i]));
  return [{ label: SCORES[task], x, y: scores }, ...others];
}
