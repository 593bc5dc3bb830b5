import { expect, it } from 'vitest';
import {
  anomalousKinds,
  countText,
  differenceText,
  figureText,
  kindTitle,
  percentText,
  scoreText,
} from './evaluation-text';

it.each([
  [0.12345, '0.123'],
  [1, '1.000'],
  [null, '–'],
  [undefined, '–'],
])('figure %d', (value, text) => expect(figureText(value)).toBe(text));

it.each([
  [0.0204, '+0.020'],
  [-0.0204, '−0.020'],
  [-0.0001, '±0.000'],
  [null, '–'],
])('difference %d', (value, text) => expect(differenceText(value)).toBe(text));

it.each([
  [0.5, '50 %'],
  [1 / 3, '33.3 %'],
  [null, '–'],
])('share %d', (value, text) => expect(percentText(value)).toBe(text));

it.each([
  [0, '0'],
  [0.123456, '0.1235'],
  [12.5, '12.5'],
  [-3.14159, '-3.142'],
  [123456.7, '1.23e+5'],
  [0.00001234, '1.23e-5'],
  [Infinity, '∞'],
  [-Infinity, '−∞'],
])('score %d', (score, text) => expect(scoreText(score)).toBe(text));

it('kinds and counts', () => {
  expect(['logical_anomalies', 'anomaly', 'crack_small', 'good'].map(kindTitle)).toEqual([
    'Logical',
    'Anomaly',
    'Crack small',
    'Good',
  ]);
  expect(anomalousKinds([{ subset: 'b' }, { subset: 'good' }, { subset: 'a' }, { subset: 'b' }])).toEqual(['a', 'b']);
  expect([countText(1, 'image'), countText(0, 'image'), countText(2, 'miss', 'misses')]).toEqual([
    '1 image',
    '0 images',
    '2 misses',
  ]);
});
