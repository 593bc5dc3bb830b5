import { describe, expect, it } from 'vitest';
import { RleBuilder } from '../../core/rle';
import type { PartProposal } from '../../worker/api';
import { colourParts, PART_COLOURS } from './part-colours';

/** A square of 8 px at a cell of a grid of 10 px. */
function square(id: string, column: number, row: number): PartProposal {
  const builder = new RleBuilder(100, 100);
  for (let y = row * 10; y < row * 10 + 8; y++) builder.push(y * 100 + column * 10, y * 100 + column * 10 + 8);
  return { id, mask: builder.build(), quality: 0.9 };
}

const grid = Array.from({ length: 100 }, (_, i) => square(`p${i}`, i % 10, Math.floor(i / 10)));

describe('colours of parts', () => {
  it('differ between neighbours, and are all used', () => {
    const colours = colourParts(grid, new Map());
    grid.forEach((_, i) => {
      if (i % 10 < 9) expect(colours.get(`p${i}`)).not.toBe(colours.get(`p${i + 1}`));
      if (i < 90) expect(colours.get(`p${i}`)).not.toBe(colours.get(`p${i + 10}`));
    });
    expect(new Set(colours.values()).size).toBe(PART_COLOURS.length);
  });

  it('stay with their parts when others come and go', () => {
    const before = colourParts(grid, new Map());
    const after = colourParts([square('new', 0, 0), ...grid.slice(50)], before);
    for (const { id } of grid.slice(50)) expect(after.get(id)).toBe(before.get(id));
    expect(after.size).toBe(51);
  });

  it.each([
    ['normal vision', [1, 0, 0, 0, 1, 0, 0, 0, 1]],
    // Machado, Oliveira and Fernandes 2009, severity 1, in linear light.
    ['protanopia', [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998]],
    ['deuteranopia', [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881]],
    ['tritanopia', [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039]],
  ])('are told apart with %s', (_, matrix) => {
    const labs = PART_COLOURS.map((colour) => lab(seen(linear(colour), matrix)));
    let least = Infinity;
    for (let i = 0; i < labs.length; i++) {
      for (let j = 0; j < i; j++) least = Math.min(least, Math.hypot(...labs[i].map((v, k) => v - labs[j][k])));
    }
    // ΔE*ab of about 2 is just noticeable side by side.
    expect(least).toBeGreaterThan(8);
  });
});

function linear(colour: string): number[] {
  return [1, 3, 5].map((at) => {
    const v = parseInt(colour.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
}

function seen([r, g, b]: number[], m: readonly number[]): number[] {
  return [0, 3, 6].map((row) => Math.min(1, Math.max(0, m[row] * r + m[row + 1] * g + m[row + 2] * b)));
}

/** CIE L*a*b* under D65. */
function lab([r, g, b]: number[]): number[] {
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (t * 24389) / 27 / 116 + 16 / 116);
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
