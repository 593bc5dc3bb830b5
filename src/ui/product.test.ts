import { describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors';
import { RleBuilder, type Rle } from '../core/rle';
import type { ImageRecord } from '../project/document';
import { FOREGROUND_THRESHOLD } from '../synthesis/foreground';
import { Product } from './product';
import { ask, sessionWithImages, type Asked } from './testing';

/** The first so many pixels. */
function first(count: number): Rle {
  const builder = new RleBuilder(4, 4);
  builder.push(0, count);
  return builder.build();
}

const MASK = first(6);

function setUp() {
  const { session, hostWith, open } = sessionWithImages();
  const asked: Asked<{ image: string; threshold: number }, Rle>[] = [];
  const foreground = ({ id: image }: ImageRecord, threshold: number) => ask(asked, { image, threshold });
  const product = new Product(hostWith({ foreground }));
  const show = (visible: boolean) =>
    session.setState(({ layers }) => ({ layers: { ...layers, foreground: { visible, opacity: 1 } } }));
  open('a');
  return { product, asked, open, show, view: () => session.getState() };
}

describe('the product', () => {
  it('is not asked for until something has to lie on it or it is shown', async () => {
    const { product, asked, open, show, view } = setUp();
    product.setThreshold(0.2);
    open('b');
    expect(asked).toEqual([]);
    show(true);
    expect(asked).toMatchObject([{ image: 'b', threshold: 0.2 }]);
    expect(view().product.measuring).toBe(true);
    await asked[0].answer(MASK);
    // Shown, but nothing has to lie on it.
    expect(view()).toMatchObject({ product: { mask: MASK, measuring: false }, foreground: null });
    product.setOnly(true);
    expect(view().foreground).toBe(MASK);
    expect(asked).toHaveLength(1);
  });

  it('is seen by whoever asks for it, and hidden with it', async () => {
    const { product, asked, view } = setUp();
    product.setOnly(true);
    expect(asked).toMatchObject([{ image: 'a', threshold: FOREGROUND_THRESHOLD }]);
    expect(view().layers.foreground.visible).toBe(true);
    await asked[0].answer(MASK);
    expect(view().foreground).toBe(MASK);
    product.setOnly(false);
    expect(view()).toMatchObject({ foreground: null, layers: { foreground: { visible: false } } });
  });

  it('follows the latest threshold alone', async () => {
    const { product, asked, view } = setUp();
    product.setOnly(true);
    for (const threshold of [0.1, 0.2, 0.3]) product.setThreshold(threshold);
    const other = first(2);
    await asked[0].answer(MASK);
    expect(asked.map(({ threshold }) => threshold)).toEqual([FOREGROUND_THRESHOLD, 0.3]);
    await asked[1].answer(other);
    expect(view().foreground).toBe(other);
  });

  it('is asked for anew of another image, and never that of the one before', async () => {
    const { product, asked, open, view } = setUp();
    product.setOnly(true);
    open('b');
    expect(view().foreground).toBeNull();
    await asked[0].answer(MASK);
    expect(view().foreground).toBeNull();
    expect(asked[1].image).toBe('b');
    await asked[1].answer(MASK);
    expect(view().foreground).toBe(MASK);
  });

  it('says what went wrong, and holds nothing to a product that is not known', async () => {
    const { product, asked, view } = setUp();
    product.setOnly(true);
    await asked[0].answer(MASK);
    product.setThreshold(0.3);
    await asked[1].fail(new StudioError('out-of-memory', 'compute', 'No memory. Close other tabs.'));
    expect(view()).toMatchObject({ foreground: null, product: { error: { message: 'No memory. Close other tabs.' } } });
    product.setThreshold(0.4);
    await asked[2].answer(MASK);
    expect(view()).toMatchObject({ foreground: MASK, product: { error: null } });
  });
});
