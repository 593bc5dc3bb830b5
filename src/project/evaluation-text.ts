import { GOOD } from '../evaluation/evaluator';

/** How figures and names of evaluations are written, on the page and in reports. */

/** Three decimals; a dash for what is not defined. */
export function figureText(value: number | null | undefined): string {
  return value?.toFixed(3) ?? '–';
}

/** A difference of figures, with its sign. */
export function differenceText(value: number | null): string {
  if (value === null) return '–';
  const text = value.toFixed(3);
  if (Number(text) === 0) return '±0.000';
  return value > 0 ? `+${text}` : text.replace('-', '−');
}

/** A share as per cent, with a decimal where it is no whole number. */
export function percentText(share: number | null): string {
  if (share === null) return '–';
  return `${Number((100 * share).toFixed(1))} %`;
}

/** A score in four significant digits. */
export function scoreText(score: number): string {
  if (score === Infinity) return '∞';
  if (score === -Infinity) return '−∞';
  if (score !== 0 && (Math.abs(score) >= 1e5 || Math.abs(score) < 1e-3)) return score.toExponential(2);
  return String(Number(score.toPrecision(4)));
}

/** `logical_anomalies` → Logical, `crack_small` → Crack small, `good` → Good. */
export function kindTitle(name: string): string {
  const words = name.replace(/_anomal(y|ies)$/, '').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The kinds of anomalies, in the order of their names. */
export function anomalousKinds(images: readonly { readonly subset: string }[]): string[] {
  return [...new Set(images.map(({ subset }) => subset))].filter((subset) => subset !== GOOD).sort();
}

export function countText(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
