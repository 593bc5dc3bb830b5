import { expect, it } from 'vitest';
import { fileName } from './file-name';

it.each([
  ['Pin tray, first maps', 'Pin-tray-first-maps'],
  ['a/b\\c: "d"', 'a-b-c-d'],
  ['Flaschenöffner 2', 'Flaschenöffner-2'],
  ['///', 'evaluation'],
])('%s', (text, name) => expect(fileName(text, 'evaluation')).toBe(name));
