import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StudioError } from '../core/errors';
import { createRaster } from '../core/raster';
import type { DetectRequest, HeatMap, ModelInfo, Preview } from '../worker/api';
import { Detecting } from './detecting';
import type { LayerId, ShownPreview } from './session';
import { ask, sessionWithImages, type Asked } from './testing';

class Bitmap {
  closed = false;
  close(): void {
    this.closed = true;
  }
}

beforeEach(() => void vi.stubGlobal('ImageBitmap', Bitmap));

const NETWORK: ModelInfo = {
  ...{ id: 'd', title: 'D', task: 'detector', licence: 'L', bytes: 1, sha256: 'a'.repeat(64), state: 'shipped' },
};

function heatOf(score: number): HeatMap {
  return {
    heat: new Bitmap() as unknown as ImageBitmap,
    explanation: null,
    map: createRaster(4, 4),
    score,
    thresholds: { image: 0.5, pixel: 0.4 },
    explanations: ['reconstruction', 'jnd', 'edges'],
    milliseconds: 1,
  };
}

const closed = ({ heat }: HeatMap) => (heat as unknown as Bitmap).closed;

async function setUp(network: ModelInfo | null = NETWORK) {
  const { session, hostWith, open } = sessionWithImages();
  const asked: Asked<DetectRequest, HeatMap>[] = [];
  const detecting = new Detecting(
    hostWith({ detector: () => Promise.resolve(network), detect: (request: DetectRequest) => ask(asked, request) }),
  );
  const show = (layer: LayerId, visible = true) =>
    session.setState(({ layers }) => ({ layers: { ...layers, [layer]: { visible, opacity: 1 } } }));
  const preview = (serial: number) => {
    const shown = { preview: { serial } as Preview } as ShownPreview;
    session.setState({ shown });
    return shown.preview;
  };
  await detecting.findNetwork();
  open('a');
  return { detecting, session, asked, open, show, preview, view: () => session.getState().detection };
}

describe('heat maps', () => {
  it('are not asked for until one is shown, and then once', async () => {
    const { asked, preview, show, view } = await setUp();
    const first = preview(1);
    expect(asked).toEqual([]);
    show('heat');
    expect(asked).toMatchObject([
      { of: 'photograph', image: { id: 'a' }, scale: 'inferno', explain: null },
      { of: { preview: 1 }, image: { id: 'a' }, scale: 'inferno', explain: null },
    ]);
    expect(view().detecting).toBe(true);
    const [photo, result] = [heatOf(0.1), heatOf(0.9)];
    await asked[0].answer(photo);
    await asked[1].answer(result);
    expect(view()).toMatchObject({ photo: { found: photo }, result: { found: result, preview: first } });
    expect(view().detecting).toBe(false);
    show('heat', false);
    show('heat');
    expect(asked).toHaveLength(2);
  });

  it('follow the result at the rate they come, the newest next; the photograph’s stays', async () => {
    const { asked, preview, show, view } = await setUp();
    show('heat');
    await asked[0].answer(heatOf(0.1));
    for (const serial of [1, 2, 3]) preview(serial);
    const first = heatOf(0.7);
    await asked[1].answer(first);
    expect(asked.map(({ of }) => of)).toEqual(['photograph', { preview: 1 }, { preview: 3 }]);
    // Meanwhile the older one is shown.
    expect(view().result?.found).toBe(first);
    await asked[2].answer(heatOf(0.8));
    expect(view().result?.found.score).toBe(0.8);
    expect(closed(first)).toBe(true);
  });

  it('of a result that was overtaken are no error', async () => {
    const { asked, preview, show, view } = await setUp();
    show('heat');
    preview(1);
    preview(2);
    await asked[1].fail(new StudioError('cancelled', 'model', 'Another result is shown by now.'));
    expect(view().error).toBeNull();
    expect(asked.at(-1)!.of).toEqual({ preview: 2 });
  });

  it('go with their image and their result', async () => {
    const { asked, open, preview, session, show, view } = await setUp();
    show('heat');
    preview(1);
    const [photo, result] = [heatOf(0.1), heatOf(0.9)];
    await asked[0].answer(photo);
    await asked[1].answer(result);
    session.setState({ shown: null });
    expect(view()).toMatchObject({ photo: { found: photo }, result: null });
    expect(closed(result)).toBe(true);
    open('b');
    expect(view().photo).toBeNull();
    expect(closed(photo)).toBe(true);
    expect(asked.at(-1)).toMatchObject({ of: 'photograph', image: { id: 'b' } });
    // What comes too late is let go of.
    open('c');
    const late = heatOf(0.3);
    await asked[2].answer(late);
    expect(closed(late)).toBe(true);
    expect(view().photo).toBeNull();
  });

  it('come in other colours and with reconstructions when those are shown', async () => {
    const { asked, detecting, session, show } = await setUp();
    show('heat');
    await asked[0].answer(heatOf(0.1));
    detecting.nextScale();
    await asked[1].answer(heatOf(0.1));
    detecting.nextExplanation();
    await asked[2].answer(heatOf(0.1));
    detecting.nextExplanation();
    expect(asked.map(({ scale, explain }) => [scale, explain])).toEqual([
      ['inferno', null],
      ['viridis', null],
      ['viridis', 'reconstruction'],
      ['viridis', 'jnd'],
    ]);
    expect(session.getState().layers.reconstruction.visible).toBe(true);
    for (let i = 0; i < 2; i++) detecting.nextScale();
    expect(session.getState().heat.scale).toBe('inferno');
  });

  it('say what went wrong, and come again at the next change', async () => {
    const { asked, preview, show, view } = await setUp();
    show('heat');
    await asked[0].fail(new StudioError('out-of-memory', 'model', 'No memory. Close other pages.'));
    expect(view()).toMatchObject({ error: { message: 'No memory. Close other pages.' }, detecting: false });
    preview(1);
    expect(asked).toHaveLength(3);
    await asked[1].answer(heatOf(0.2));
    await asked[2].answer(heatOf(0.9));
    expect(view()).toMatchObject({ error: null, photo: { found: { score: 0.2 } }, result: { found: { score: 0.9 } } });
  });

  it('are never asked for without a detector, and all anew of another one', async () => {
    const { asked, detecting, preview, session, show, view } = await setUp(null);
    show('heat');
    preview(1);
    expect(asked).toEqual([]);
    expect(view().network).toBeNull();
    session.setState({ detection: { ...view(), network: NETWORK } });
    const photo = heatOf(0.1);
    await asked[0].answer(photo);
    detecting.setThreshold(0.2);
    await detecting.findNetwork();
    expect(view()).toMatchObject({ photo: null, threshold: null });
    expect(closed(photo)).toBe(true);
  });
});
