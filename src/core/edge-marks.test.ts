import { describe, expect, it } from 'vitest';
import { readMarks, withMark } from './edge-marks';
import { rasterOf } from './raster';

const region = (...values: number[]) => rasterOf(Float32Array.from(values), values.length, 1, 1);

describe('marks of edges', () => {
  it('say of each pixel what was said last', () => {
    const edges = withMark(null, region(1, 1, 0.4, 0), 'edge');
    const marks = withMark(edges, region(0, 0.6, 0, 1), 'plain')!;
    const { edge, plain } = readMarks(marks);
    expect([...edge.data]).toEqual([1, 0, 0, 0]);
    expect([...plain.data]).toEqual([0, 1, 0, 1]);
    const again = readMarks(withMark(marks, region(0, 1, 0, 0), 'edge')!);
    expect([...again.edge.data]).toEqual([1, 1, 0, 0]);
    expect([...again.plain.data]).toEqual([0, 0, 0, 1]);
  });

  it('are gone once everything is taken back', () => {
    const marks = withMark(null, region(1, 0), 'plain');
    expect(withMark(marks, region(1, 1), null)).toBeNull();
    expect(withMark(null, region(0, 0), 'edge')).toBeNull();
  });

  it('do not take damaged data for marks', () => {
    const marks = { encoding: 'deflate8', width: 2, height: 1, data: 'AAAA' } as const;
    expect(() => readMarks(marks)).toThrow(/damaged|does not hold/);
  });
});
