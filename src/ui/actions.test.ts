import { describe, expect, it } from 'vitest';
import { ACTIONS, actionFor, actionOf, GROUPS } from './actions';

describe('actions', () => {
  it('have ids and keys of their own', () => {
    const ids = ACTIONS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const keys = ACTIONS.flatMap((action) => action.keys);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });

  it('stand in a known group with a label', () => {
    for (const action of ACTIONS) {
      expect(GROUPS).toContain(action.group);
      expect(action.label).not.toBe('');
    }
  });

  it('keep canvas keys to the canvas', () => {
    const arrow = {
      key: 'ArrowLeft',
      code: 'ArrowLeft',
      ctrlKey: false,
      metaKey: false,
      altKey: false,
      shiftKey: false,
    };
    expect(actionFor(arrow, true, false)?.id).toBe('nudge-left');
    expect(actionFor(arrow, false, false)).toBeNull();
  });

  it('are found by id, or said to be missing', () => {
    expect(actionOf('keep').label).toBe('Keep this result');
    expect(() => actionOf('fly')).toThrow(/fly/);
  });
});
