/**
 * Shortcuts as text: modifiers `mod` (Ctrl, or ⌘ on a Mac), `alt`, `shift`, then the key, joined by `+`. Letters and
 * signs are meant as they are typed (`?` needs no `shift`); with `alt` or `shift`, letters and digits are meant by their
 * place, because both change what is typed.
 */
export interface Shortcut {
  readonly mod: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
  /** A `KeyboardEvent.key` in lower case. */
  readonly key: string;
}

export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

export function parseShortcut(text: string): Shortcut {
  const parts = text.split('+');
  // A trailing `+` is the plus key itself.
  const key = text.endsWith('+') ? '+' : parts[parts.length - 1];
  const modifiers = text.slice(0, text.length - key.length).split('+');
  return {
    mod: modifiers.includes('mod'),
    alt: modifiers.includes('alt'),
    shift: modifiers.includes('shift'),
    key: key.toLowerCase(),
  };
}

export function matches(shortcut: Shortcut, press: KeyPress, mac: boolean): boolean {
  const mod = mac ? press.metaKey : press.ctrlKey;
  const other = mac ? press.ctrlKey : press.metaKey;
  if (mod !== shortcut.mod || other || press.altKey !== shortcut.alt) return false;
  const placed = /^[a-z0-9]$/.test(shortcut.key);
  if (placed && (shortcut.alt || shortcut.shift)) {
    const code = /\d/.test(shortcut.key) ? `Digit${shortcut.key}` : `Key${shortcut.key.toUpperCase()}`;
    return press.shiftKey === shortcut.shift && press.code === code;
  }
  if (press.key.toLowerCase() !== shortcut.key) return false;
  // Signs carry their Shift with them; letters and named keys do not.
  const isSign = press.key.length === 1 && !/[a-z0-9 ]/i.test(press.key);
  return isSign || press.shiftKey === shortcut.shift;
}

const MAC: Readonly<Record<string, string>> = { mod: '⌘', alt: '⌥', shift: '⇧' };
const PC: Readonly<Record<string, string>> = { mod: 'Ctrl', alt: 'Alt', shift: 'Shift' };
const NAMES: Readonly<Record<string, string>> = {
  arrowleft: '←',
  arrowright: '→',
  arrowup: '↑',
  arrowdown: '↓',
  enter: 'Enter',
  escape: 'Esc',
  backspace: 'Backspace',
  delete: 'Del',
  pageup: 'PgUp',
  pagedown: 'PgDn',
};

/** The keys as they are written on the keyboard, to be shown one by one. */
export function keyCaps(text: string, mac: boolean): string[] {
  const { mod, alt, shift, key } = parseShortcut(text);
  const names = mac ? MAC : PC;
  return [
    ...(mod ? [names.mod] : []),
    ...(alt ? [names.alt] : []),
    ...(shift ? [names.shift] : []),
    NAMES[key] ?? key.toUpperCase(),
  ];
}

/** The form `aria-keyshortcuts` wants. */
export function ariaShortcut(text: string, mac: boolean): string {
  const { mod, alt, shift, key } = parseShortcut(text);
  const parts = [
    mod && (mac ? 'Meta' : 'Control'),
    alt && 'Alt',
    shift && 'Shift',
    key.length === 1 ? key.toUpperCase() : key,
  ];
  return parts.filter(Boolean).join('+');
}
