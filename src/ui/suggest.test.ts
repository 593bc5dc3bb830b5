import { describe, expect, it } from 'vitest';
import { suggestRegion } from './suggest';

/** Grey picture, white where `inside` holds. */
function picture(width: number, height: number, inside: (x: number, y: number) => boolean) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const value = inside(i % width, Math.floor(i / width)) ? 255 : 0;
    data.set([value, value, value, 255], i * 4);
  }
  return { width, height, data };
}

describe('suggestRegion', () => {
  it('finds the part that stands by itself, not the long line', () => {
    const edges = picture(160, 120, (x, y) => Math.hypot(x - 100, y - 70) < 9 || (x > 30 && x < 34));
    const region = suggestRegion(edges);
    expect(region).toMatchObject({ kind: 'ellipse', combine: 'add' });
    if (region?.kind !== 'ellipse') return;
    expect(Math.hypot(region.cx - 100, region.cy - 70)).toBeLessThan(4);
    expect(region.rx).toBeGreaterThan(8);
    expect(region.rx).toBeLessThan(24);
  });

  it('has nothing to say about an empty image, or one too small to have a surrounding', () => {
    expect(suggestRegion(picture(64, 64, () => false))).toBeNull();
    expect(suggestRegion(picture(3, 3, () => true))).toBeNull();
  });
});
