import type UPlot from 'uplot';

/** Height of a chart without its legend, px. */
export const CHART_HEIGHT = 232;

/** What a plot takes from the page around it; read anew when the theme changes. */
export interface PlotStyle {
  /** The value of a CSS variable. */
  colour(name: string): string;
  axis(label: string): UPlot.Axis;
}

export function plotStyle(element: HTMLElement): PlotStyle {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const font = `11px ${style.fontFamily}`;
  return {
    colour,
    axis: (label) => ({
      label,
      labelSize: 18,
      labelFont: font,
      font,
      stroke: colour('--text-2'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line-strong'), width: 1, size: 4 },
      border: { show: true, stroke: colour('--line-strong'), width: 1 },
    }),
  };
}

/** Tells lines apart in grey, too. */
export const DASHES: readonly (readonly number[] | undefined)[] = [undefined, [8, 4], [2, 3], [10, 3, 2, 3]];

const COLOURS = 6;

/** The CSS variable of the colour of one of several. @param index −1 for what they are held against. */
export function kindColour(index: number): string {
  return index < 0 ? '--kind-0' : `--kind-${1 + (index % COLOURS)}`;
}
