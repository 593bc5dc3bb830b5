import { describe, expect, it } from 'vitest';
import { boxTool } from './box';
import { areaOf, lassoTool, polygonTool, simplify } from './outline';
import { strokeTool } from './stroke';
import type { Commit, Modifiers, RegionMode, ToolEvent, ToolMachine, ToolSettings } from './tool';
import { effectiveMode, NO_MODIFIERS } from './tool';

const settings: ToolSettings = { mode: 'replace', brush: { radius: 10, softness: 0.3 }, pixel: 1 };

function run<S>(tool: ToolMachine<S>, events: ToolEvent[], using = settings) {
  let state = tool.idle;
  const commits: Commit[] = [];
  for (const event of events) {
    const step = tool.step(state, event, using);
    state = step.state;
    if (step.commit) commits.push(step.commit);
  }
  return { state, commits };
}

const at = (type: 'down' | 'move' | 'up', x: number, y: number, modifiers: Partial<Modifiers> = {}): ToolEvent => ({
  type,
  point: { x, y },
  modifiers: { ...NO_MODIFIERS, ...modifiers },
});

describe('modes', () => {
  it.each<[Partial<Modifiers>, RegionMode]>([
    [{}, 'replace'],
    [{ shift: true }, 'add'],
    [{ alt: true }, 'subtract'],
    [{ shift: true, alt: true }, 'intersect'],
  ])('%o gives %s', (modifiers, mode) => {
    expect(effectiveMode('replace', { ...NO_MODIFIERS, ...modifiers })).toBe(mode);
  });
});

describe('rectangle and ellipse', () => {
  it('drags in any direction', () => {
    const { commits } = run(boxTool('rectangle'), [at('down', 50, 40), at('move', 20, 60), at('up', 10, 70)]);
    expect(commits).toEqual([
      { shape: { kind: 'rectangle', combine: 'add', x: 10, y: 40, width: 40, height: 30, rotation: 0 }, replace: true },
    ]);
  });

  it('takes the mode from the modifiers at the press, not at the release', () => {
    const { commits } = run(boxTool('ellipse'), [at('down', 0, 0, { alt: true }), at('up', 20, 10)]);
    expect(commits).toEqual([
      { shape: { kind: 'ellipse', combine: 'subtract', cx: 10, cy: 5, rx: 10, ry: 5, rotation: 0 }, replace: false },
    ]);
  });

  it('makes equal sides with Ctrl', () => {
    const { commits } = run(boxTool('rectangle'), [at('down', 100, 100), at('up', 70, 110, { mod: true })]);
    expect(commits[0].shape).toMatchObject({ x: 70, y: 100, width: 30, height: 30 });
  });

  it('ignores a slip and forgets a cancelled drag', () => {
    expect(run(boxTool('rectangle'), [at('down', 5, 5), at('up', 6, 40)]).commits).toEqual([]);
    const cancelled = run(boxTool('rectangle'), [at('down', 5, 5), at('move', 60, 60), { type: 'cancel' }]);
    expect(cancelled.commits).toEqual([]);
    expect(boxTool('rectangle').growing(cancelled.state)).toBeNull();
    expect(run(boxTool('rectangle'), [at('move', 60, 60), at('up', 90, 90)]).commits).toEqual([]);
  });
});

describe('brush and eraser', () => {
  it('adds a stroke, without points that do not show', () => {
    const { commits } = run(strokeTool('brush'), [
      at('down', 0, 0),
      at('move', 0.4, 0),
      at('move', 5, 0),
      at('move', 5.2, 0),
      at('up', 9, 0),
    ]);
    expect(commits).toEqual([
      {
        shape: { kind: 'brush', combine: 'add', points: [0, 0, 5, 0, 9, 0], radius: 10, softness: 0.3 },
        replace: false,
      },
    ]);
  });

  it('dabs on a click', () => {
    expect(run(strokeTool('brush'), [at('down', 7, 8), at('up', 7, 8)]).commits[0].shape).toMatchObject({
      points: [7, 8],
    });
  });

  it.each([
    ['brush', false, 'add'],
    ['brush', true, 'subtract'],
    ['eraser', false, 'subtract'],
    ['eraser', true, 'add'],
  ] as const)('%s with Alt %s: %s', (kind, alt, combine) => {
    const { commits } = run(strokeTool(kind), [at('down', 1, 1, { alt }), at('up', 20, 1)]);
    expect(commits[0].shape.combine).toBe(combine);
  });

  it('starts every stroke anew', () => {
    const { commits } = run(strokeTool('brush'), [
      at('down', 0, 0),
      at('up', 5, 0),
      at('down', 50, 0),
      at('up', 60, 0),
    ]);
    expect(commits.map(({ shape }) => (shape.kind === 'brush' ? shape.points : null))).toEqual([
      [0, 0, 5, 0],
      [50, 0, 60, 0],
    ]);
  });
});

describe('lasso', () => {
  it('closes on release and simplifies straight runs', () => {
    const { commits } = run(lassoTool, [
      at('down', 0, 0),
      at('move', 10, 0),
      at('move', 20, 0),
      at('move', 20, 20),
      at('move', 0, 20),
      at('up', 0, 20),
    ]);
    expect(commits[0].shape).toMatchObject({ kind: 'polygon', points: [0, 0, 20, 0, 20, 20, 0, 20] });
  });

  it('ignores a line without area', () => {
    expect(run(lassoTool, [at('down', 0, 0), at('move', 30, 0), at('move', 60, 0.2), at('up', 60, 0)]).commits).toEqual(
      [],
    );
  });
});

describe('polygon', () => {
  const square = [at('down', 0, 0), at('down', 40, 0), at('down', 40, 40)];

  it('closes on Enter and on a click at the first corner', () => {
    const byEnter = run(polygonTool, [...square, { type: 'finish' }]).commits;
    const byClick = run(polygonTool, [...square, at('down', 4, 4)]).commits;
    expect(byEnter).toEqual(byClick);
    expect(byEnter[0]).toEqual({
      shape: { kind: 'polygon', combine: 'add', points: [0, 0, 40, 0, 40, 40] },
      replace: true,
    });
  });

  it('counts a double click as one corner and closes', () => {
    const { commits } = run(polygonTool, [...square, at('down', 0, 40), at('down', 0, 40), { type: 'finish' }]);
    expect(commits[0].shape).toMatchObject({ points: [0, 0, 40, 0, 40, 40, 0, 40] });
  });

  it('stays open with two corners, takes corners back, and cancels', () => {
    expect(run(polygonTool, [...square.slice(0, 2), { type: 'finish' }]).commits).toEqual([]);
    const back = run(polygonTool, [...square, { type: 'back' }, { type: 'back' }, { type: 'back' }]);
    expect(back.state.phase).toBe('idle');
    expect(run(polygonTool, [...square, { type: 'cancel' }]).state.phase).toBe('idle');
  });

  it('shows the corner that would come next', () => {
    const { state } = run(polygonTool, [at('down', 0, 0), at('move', 9, 9)]);
    expect(polygonTool.growing(state)).toMatchObject({ shape: { points: [0, 0, 9, 9] }, replace: true });
  });
});

describe('outlines', () => {
  it('simplify keeps what deviates more than the tolerance', () => {
    expect(simplify([0, 0, 5, 0.4, 10, 0], 0.5)).toEqual([0, 0, 10, 0]);
    expect(simplify([0, 0, 5, 0.6, 10, 0], 0.5)).toEqual([0, 0, 5, 0.6, 10, 0]);
  });

  it('areaOf is the shoelace area', () => {
    expect(areaOf([0, 0, 4, 0, 4, 3])).toBe(6);
  });
});
