import { describe, expect, it } from 'vitest';
import { COLOUR_SCALES, colourAt, HEAT_FADE, heatColours } from './colour-scales';

/** Relative luminance (WCAG), [0, 1]. */
function luminance(colour: readonly number[]): number {
  const [r, g, b] = colour.map((level) => {
    const c = level / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe('colour scales', () => {
  it('have the ends and middles of the published ones', () => {
    expect(colourAt('inferno', 0)).toEqual([0, 0, 4]);
    expect(colourAt('inferno', 1)).toEqual([252, 255, 164]);
    expect(colourAt('viridis', 0)).toEqual([68, 1, 84]);
    expect(colourAt('viridis', 1)).toEqual([253, 231, 37]);
    expect(colourAt('turbo', 1)).toEqual([122, 4, 3]);
    // matplotlib's viridis(128 / 255) is (0.128, 0.567, 0.551).
    colourAt('viridis', 128 / 255).forEach((level, i) =>
      expect(Math.abs(level - [32.6, 144.5, 140.5][i])).toBeLessThanOrEqual(6),
    );
  });

  it('grow brighter all along, but for turbo', () => {
    for (const scale of ['inferno', 'viridis'] as const) {
      const lights = Array.from({ length: 52 }, (_, i) => luminance(colourAt(scale, i / 51)));
      expect(lights).toEqual(lights.toSorted((a, b) => a - b));
    }
  });

  it('cover nothing at 0 and all from the fade on', () => {
    for (const scale of COLOUR_SCALES) {
      const colours = heatColours(scale);
      expect(colours.length).toBe(1024);
      const alpha = (value: number) => colours[4 * Math.round(value * 255) + 3];
      expect([alpha(0), alpha(HEAT_FADE + 0.01), alpha(1)]).toEqual([0, 255, 255]);
      expect(alpha(HEAT_FADE / 2)).toBeGreaterThan(100);
      expect(alpha(HEAT_FADE / 2)).toBeLessThan(155);
      expect([...colours.subarray(1020, 1023)]).toEqual(colourAt(scale, 1));
      expect(heatColours(scale)).toBe(colours);
    }
  });

  it('take the ends beyond the ends', () => {
    expect(colourAt('turbo', -3)).toEqual(colourAt('turbo', 0));
    expect(colourAt('turbo', 7)).toEqual(colourAt('turbo', 1));
  });
});
