import { describe, expect, it } from 'vitest';
import { fit, keepInSight, SCALE_LIMITS, toImage, toScreen, zoomAt } from './viewport';

const image = { width: 256, height: 128 };
const pane = { width: 900, height: 700 };

describe('viewport', () => {
  it('fits the longer side and centres the other', () => {
    const viewport = fit(image, pane, 50);
    expect(viewport.scale).toBeCloseTo(800 / 256);
    expect(viewport.x).toBeCloseTo(50);
    expect(viewport.y).toBeCloseTo((700 - 128 * (800 / 256)) / 2);
  });

  it('converts there and back', () => {
    const viewport = { x: -31, y: 12.5, scale: 3.7 };
    const back = toImage(viewport, toScreen(viewport, { x: 100.25, y: 7 }));
    expect(back.x).toBeCloseTo(100.25);
    expect(back.y).toBeCloseTo(7);
  });

  it('keeps the point under the pointer while zooming, also when the scale is clamped', () => {
    const anchor = { x: 300, y: 200 };
    for (const factor of [1.2, 0.4, 1e6, 1e-6]) {
      const before = fit(image, pane);
      const after = zoomAt(before, anchor, factor);
      expect(toImage(after, anchor).x).toBeCloseTo(toImage(before, anchor).x);
      expect(toImage(after, anchor).y).toBeCloseTo(toImage(before, anchor).y);
      expect(after.scale).toBeGreaterThanOrEqual(SCALE_LIMITS.least);
      expect(after.scale).toBeLessThanOrEqual(SCALE_LIMITS.most);
    }
  });

  it('never lets the image leave the pane', () => {
    const far = keepInSight({ x: 5000, y: -5000, scale: 1 }, image, pane, 48);
    expect(far).toEqual({ x: 900 - 48, y: 48 - 128, scale: 1 });
    const fine = { x: 10, y: 20, scale: 1 };
    expect(keepInSight(fine, image, pane)).toEqual(fine);
  });
});
