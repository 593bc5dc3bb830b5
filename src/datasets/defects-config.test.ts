import { describe, expect, it } from 'vitest';
import { parseDefectsConfig, saturationOf } from './defects-config';

const entry = (threshold: string, relative: boolean, value = 255) =>
  `{"defect_name": "pin", "pixel_value": ${value}, "saturation_threshold": ${threshold}, "relative_saturation": ${relative}}`;

describe('defects_config.json', () => {
  it('gives the saturation of a defect', () => {
    const { kinds, notes } = parseDefectsConfig(`[${entry('180', false)}, ${entry('0.5', true, 254)}]`, 'c.json');
    expect(notes).toEqual([]);
    const [absolute, relative] = kinds;
    expect([100, 180, 181].map((area) => saturationOf(absolute, area))).toEqual([100, 180, 180]);
    // Cut down, but never to nothing.
    expect([100, 101, 1].map((area) => saturationOf(relative, area))).toEqual([50, 50, 1]);
  });

  it.each([
    ['1', true, /does not take the saturation_threshold 1; write it with a point \(1\.0\)/],
    ['180.0', false, /does not take the saturation_threshold 180\.0; write it without a point/],
  ])('takes %s (relative: %s), and says that the official evaluation does not', (threshold, relative, note) => {
    const { kinds, notes } = parseDefectsConfig(`[${entry(threshold, relative)}]`, 'c.json');
    expect(kinds[0].saturation_threshold).toBe(Number(threshold));
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(note);
    expect(notes[0]).toMatch(/^c\.json: the official/);
  });

  it('has nothing to say of 1.0', () => {
    expect(parseDefectsConfig(`[${entry('1.0', true)}, ${entry('1e-1', true, 3)}]`, 'c.json').notes).toEqual([]);
  });

  it.each([
    ['[{]', /is not JSON/],
    ['{}', /is not a list/],
    [`[${entry('1.5', true)}]`, /entry 1 .*share from 0 to 1, not 1\.5/],
    [`[${entry('0', true)}]`, /entry 1 .*saturation_threshold/],
    [`[${entry('10', false)}, ${entry('10.5', false, 3)}]`, /entry 2 .*whole number of pixels, not 10\.5/],
    [`[${entry('1', true, 0)}]`, /entry 1 .*pixel_value/],
    [`[${entry('1', true, 256)}]`, /entry 1 .*pixel_value/],
    [`[${entry('"1"', true)}]`, /entry 1 .*saturation_threshold/],
    ['[{"defect_name": "pin"}]', /entry 1 .*pixel_value/],
    [`[${entry('1.0', true)}, ${entry('1.0', true)}]`, /pixel_value 255 to two/],
  ])('%s is refused', (text, reason) => {
    expect(() => parseDefectsConfig(text, 'c.json')).toThrow(
      expect.objectContaining({ code: 'bad-config', file: 'c.json', message: expect.stringMatching(reason) }),
    );
    expect(() => parseDefectsConfig(text, 'c.json')).toThrow(/^c\.json .*Compare/);
  });
});
