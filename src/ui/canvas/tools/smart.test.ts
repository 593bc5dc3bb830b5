import { describe, expect, it } from 'vitest';
import { boxOf, crosshairOf, SMART_IDLE, stepSmart, type Ask, type SmartEvent, type SmartSettings } from './smart';
import { NO_MODIFIERS, type Modifiers } from './tool';

const settings: SmartSettings = { mode: 'replace', image: { width: 100, height: 80 }, pixel: 1, refinable: false };

function run(events: readonly SmartEvent[], using: Partial<SmartSettings> = {}) {
  let state = SMART_IDLE;
  const asks: (Ask | undefined)[] = [];
  for (const event of events) {
    const step = stepSmart(state, event, { ...settings, ...using });
    state = step.state;
    asks.push(step.ask);
  }
  return { state, asks, last: asks.at(-1) };
}

const at = (type: 'down' | 'move' | 'up', x: number, y: number, modifiers: Partial<Modifiers> = {}): SmartEvent => ({
  type,
  point: { x, y },
  modifiers: { ...NO_MODIFIERS, ...modifiers },
});
const click = (x: number, y: number, modifiers: Partial<Modifiers> = {}) => [
  at('down', x, y, modifiers),
  at('up', x, y, modifiers),
];
const enter = (modifiers: Partial<Modifiers> = {}): SmartEvent => ({
  type: 'finish',
  modifiers: { ...NO_MODIFIERS, ...modifiers },
});
const pointed = (x: number, y: number) => ({ points: [{ x, y, label: 1 }] });

describe('hovering', () => {
  it('asks what lies under the pointer, and drops it outside the image, on leaving and with Escape', () => {
    expect(run([at('move', 5, 6)]).last).toEqual({ kind: 'hover', prompt: pointed(5, 6) });
    expect(run([at('move', 100, 6)]).last).toEqual({ kind: 'drop' });
    expect(run([at('move', 5, 6), { type: 'leave' }]).last).toEqual({ kind: 'drop' });
    expect(run([at('move', 5, 6), { type: 'cancel' }])).toMatchObject({ state: SMART_IDLE, last: { kind: 'drop' } });
  });

  it('rests on what was taken until the pointer goes on', () => {
    const { asks } = run([...click(50, 40), at('move', 52, 41), at('move', 60, 40)]);
    expect(asks.slice(1)).toEqual([
      { kind: 'take', prompt: pointed(50, 40), mode: 'replace' },
      undefined,
      { kind: 'hover', prompt: pointed(60, 40) },
    ]);
  });
});

describe('clicking', () => {
  it.each([
    [{}, 'replace'],
    [{ shift: true }, 'add'],
    [{ alt: true }, 'subtract'],
    [{ shift: true, alt: true }, 'intersect'],
  ] as const)('with %o takes by %s while there is no part to refine', (modifiers, mode) => {
    expect(run(click(9, 9, modifiers)).last).toEqual({ kind: 'take', prompt: pointed(9, 9), mode });
  });

  it('refines the part just taken with Shift and Alt, and takes the next without', () => {
    const refinable = { refinable: true };
    const more = run(click(9, 9, { shift: true }), refinable).last;
    expect(more).toEqual({ kind: 'refine', point: { x: 9, y: 9, label: 1 } });
    const less = run(click(9, 9, { alt: true }), refinable).last;
    expect(less).toEqual({ kind: 'refine', point: { x: 9, y: 9, label: 0 } });
    expect(run(click(9, 9), refinable).last).toMatchObject({ kind: 'take', mode: 'replace' });
    expect(run(click(9, 9, { shift: true, alt: true }), refinable).last).toMatchObject({ mode: 'intersect' });
  });

  it('means the place of the press, and nothing outside the image', () => {
    expect(run([at('down', 9, 9), at('up', 10, 10)]).last).toMatchObject({ prompt: pointed(9, 9) });
    expect(run(click(-3, 9)).last).toEqual({ kind: 'drop' });
    expect(run([at('up', 9, 9)]).last).toBeUndefined();
  });
});

describe('a box', () => {
  const drawn = [at('down', 60, 50), at('move', 59, 50), at('move', 20, 30)];

  it('shows while it grows what it would take, in any direction', () => {
    const { asks, state } = run(drawn);
    const box = { x: 20, y: 30, width: 40, height: 20 };
    expect(asks).toEqual([undefined, undefined, { kind: 'hover', prompt: { points: [], box } }]);
    expect(boxOf(state, settings.image)).toEqual(box);
  });

  it('takes by the modifiers of the press, within the image', () => {
    const { last } = run([at('down', 60, 50, { shift: true }), at('move', 90, 70), at('up', 140, 95)]);
    expect(last).toEqual({
      kind: 'take',
      prompt: { points: [], box: { x: 60, y: 50, width: 40, height: 30 } },
      mode: 'add',
    });
  });

  it('comes to nothing with Escape, outside the image, or without area', () => {
    expect(run([...drawn, { type: 'cancel' }, at('up', 10, 10)]).last).toBeUndefined();
    expect(run([at('down', 120, 5), at('move', 160, 40), at('up', 160, 40)]).last).toEqual({ kind: 'drop' });
    expect(run([at('down', 10, 5), at('move', 60, 5), at('up', 60, 5)]).last).toEqual({ kind: 'drop' });
  });
});

describe('the keyboard', () => {
  it('moves a crosshair from the middle and takes with Enter', () => {
    const { asks, state } = run([enter(), { type: 'arrow', dx: 1, dy: -10 }, enter()]);
    expect(asks).toEqual([
      { kind: 'hover', prompt: pointed(50, 40) },
      { kind: 'hover', prompt: pointed(54, 0) },
      { kind: 'take', prompt: pointed(54, 0), mode: 'replace' },
    ]);
    expect(crosshairOf(state)).toEqual({ x: 54, y: 0 });
  });

  it('goes on from the pointer, stays when the pointer leaves, and makes steps of whole pixels when zoomed in', () => {
    const { state, asks } = run([at('move', 20, 20), { type: 'arrow', dx: 1, dy: 0 }, { type: 'leave' }], {
      pixel: 0.1,
    });
    expect(crosshairOf(state)).toEqual({ x: 21, y: 20 });
    expect(asks.at(-1)).toBeUndefined();
  });

  it('refines with Shift and Alt, and takes nothing twice', () => {
    const arrow: SmartEvent = { type: 'arrow', dx: 0, dy: 0 };
    expect(run([arrow, enter({ alt: true })], { refinable: true }).last).toMatchObject({ point: { label: 0 } });
    expect(run([arrow, enter(), enter()]).last).toBeUndefined();
  });
});
