import { describe, expect, it } from 'vitest';
import { ariaShortcut, keyCaps, matches, parseShortcut, type KeyPress } from './shortcuts';

const press = (key: string, code: string, held: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

describe('shortcuts', () => {
  it.each<[string, KeyPress, boolean]>([
    ['k', press('k', 'KeyK'), true],
    ['k', press('K', 'KeyK', { shiftKey: true }), false],
    ['k', press('k', 'KeyK', { ctrlKey: true }), false],
    ['mod+z', press('z', 'KeyZ', { ctrlKey: true }), true],
    ['mod+z', press('Z', 'KeyZ', { ctrlKey: true, shiftKey: true }), false],
    ['mod+shift+z', press('Z', 'KeyZ', { ctrlKey: true, shiftKey: true }), true],
    ['?', press('?', 'Slash', { shiftKey: true }), true],
    ['?', press('?', 'Minus', { shiftKey: true }), true],
    ['{', press('{', 'BracketLeft', { shiftKey: true }), true],
    ['[', press('{', 'BracketLeft', { shiftKey: true }), false],
    ['shift+1', press('!', 'Digit1', { shiftKey: true }), true],
    ['1', press('!', 'Digit1', { shiftKey: true }), false],
    ['alt+2', press('€', 'Digit2', { altKey: true }), true],
    ['shift+arrowleft', press('ArrowLeft', 'ArrowLeft', { shiftKey: true }), true],
    ['arrowleft', press('ArrowLeft', 'ArrowLeft', { shiftKey: true }), false],
    ['+', press('+', 'NumpadAdd'), true],
  ])('%s and %o: %s', (text, event, expected) => {
    expect(matches(parseShortcut(text), event, false)).toBe(expected);
  });

  it('takes ⌘ for mod on a Mac, and not Ctrl', () => {
    const shortcut = parseShortcut('mod+k');
    expect(matches(shortcut, press('k', 'KeyK', { metaKey: true }), true)).toBe(true);
    expect(matches(shortcut, press('k', 'KeyK', { ctrlKey: true }), true)).toBe(false);
  });

  it('reads as keys', () => {
    expect(keyCaps('mod+shift+z', false)).toEqual(['Ctrl', 'Shift', 'Z']);
    expect(keyCaps('mod+shift+z', true)).toEqual(['⌘', '⇧', 'Z']);
    expect(keyCaps('+', false)).toEqual(['+']);
    expect(keyCaps('pagedown', false)).toEqual(['PgDn']);
    expect(ariaShortcut('mod+k', false)).toBe('Control+K');
  });
});
