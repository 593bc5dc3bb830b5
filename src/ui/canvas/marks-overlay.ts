import { markAt, type EdgeMark } from '../../core/edge-marks';
import { unpackedMask } from '../../core/mask-shape';
import type { EncodedMask } from '../../core/recipe';
import { newContext } from './compose';

/** Red, green, blue of what is said of the edges: neither the region's colour nor one of a heat map's cold end. */
export const MARK_COLOURS: Readonly<Record<EdgeMark, readonly [number, number, number]>> = {
  edge: [255, 196, 37],
  plain: [238, 82, 160],
};
const OPACITY = 0.75;

/** Corrections of edges, as the canvas shows them. */
export class MarksOverlay {
  readonly #context = newContext();
  #marks: EncodedMask | null = null;

  /** Null: nothing is said. */
  show(marks: EncodedMask | null): void {
    if (marks === this.#marks) return;
    this.#marks = marks;
    if (!marks) return;
    const { width, height, data } = unpackedMask(marks);
    const pixels = new ImageData(width, height);
    for (let i = 0; i < data.length; i++) {
      const mark = markAt(data[i]);
      if (mark) pixels.data.set([...MARK_COLOURS[mark], 255], 4 * i);
    }
    const { canvas } = this.#context;
    canvas.width = width;
    canvas.height = height;
    this.#context.putImageData(pixels, 0, 0);
  }

  draw(context: CanvasRenderingContext2D): void {
    if (!this.#marks) return;
    context.globalAlpha = OPACITY;
    context.drawImage(this.#context.canvas, 0, 0);
    context.globalAlpha = 1;
  }
}
