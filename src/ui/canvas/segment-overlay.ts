import type { Rle } from '../../core/rle';
import type { PromptPoint } from '../../models/sam/segmenter';
import type { PartProposal } from '../../worker/api';
import { newContext } from './compose';
import { contours } from './contour';
import type { Point, Size } from './viewport';

type Context = CanvasRenderingContext2D;

/** The parts' picture has about this many pixels on its longer side, so that outlines are fine on small images too. */
const PICTURE_SIDE = 1024;
/** Outlines of parts, in pixels of that picture. */
const OUTLINE = 2.8;
const FILL_ALPHA = 0.42;

/** How the part under the pointer is lit. */
const LIT_FILL = 'rgba(61, 220, 200, .34)';

/** The line about the foreground. */
export const FOREGROUND_COLOUR = '#ffc53d';
const GROUND_SHADE = '#0b0f11';

/** The line along which a mask ends, in image pixels. */
export function outlineOfRle({ box, runs, width }: Rle): Path2D {
  const path = new Path2D();
  if (!box) return path;
  // Of the box alone: a part is small, and there may be a hundred.
  const levels = new Uint8Array(box.width * box.height);
  for (let i = 0; i < runs.length; i += 2) {
    const y = Math.floor(runs[i] / width);
    const start = (y - box.y) * box.width + (runs[i] - y * width) - box.x;
    levels.fill(1, start, start + runs[i + 1] - runs[i]);
  }
  for (const points of contours(levels, box.width, box.height, 0.5)) {
    path.moveTo(points[0] + box.x, points[1] + box.y);
    for (let i = 2; i < points.length; i += 2) path.lineTo(points[i] + box.x, points[i + 1] + box.y);
    path.closePath();
  }
  return path;
}

/**
 * The parts of an image as the canvas shows them. They are painted once into a picture of their own, which each frame
 * only draws; what a slider leaves as it was is not traced again.
 */
export class PartsOverlay {
  readonly #context = newContext();
  #parts: readonly PartProposal[] = [];
  #paths = new Map<string, Path2D>();
  #hovered: { mask: Rle; path: Path2D } | null = null;

  get empty(): boolean {
    return this.#parts.length === 0;
  }

  /**
   * @param parts largest first, so that small ones lie on top.
   * @param colours of all of them, by id.
   */
  show(parts: readonly PartProposal[], colours: ReadonlyMap<string, string>, image: Size): void {
    if (parts === this.#parts) return;
    this.#parts = parts;
    this.#paths = new Map(parts.map(({ id, mask }) => [id, this.#paths.get(id) ?? outlineOfRle(mask)]));
    this.#paint(colours, image);
  }

  /** Draws all, in image coordinates. */
  draw(context: Context, image: Size, opacity: number): void {
    if (this.empty) return;
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#context.canvas, 0, 0, image.width, image.height);
    context.globalAlpha = 1;
  }

  /** Lights one of them. */
  drawLit(context: Context, id: string, pixel: number): void {
    const path = this.#paths.get(id);
    if (path) light(context, path, pixel);
  }

  /** Lights what the network proposes for what is pointed at. */
  drawProposal(context: Context, mask: Rle, pixel: number): void {
    if (this.#hovered?.mask !== mask) this.#hovered = { mask, path: outlineOfRle(mask) };
    light(context, this.#hovered.path, pixel);
  }

  #paint(colours: ReadonlyMap<string, string>, { width, height }: Size): void {
    const factor = Math.max(1, PICTURE_SIDE / Math.max(width, height));
    const { canvas } = this.#context;
    // Setting the size clears it.
    canvas.width = Math.round(width * factor);
    canvas.height = Math.round(height * factor);
    const context = this.#context;
    context.scale(factor, factor);
    context.lineJoin = 'round';
    for (const { id } of this.#parts) {
      const path = this.#paths.get(id)!;
      const colour = colours.get(id)!;
      context.fillStyle = colour;
      context.globalAlpha = FILL_ALPHA;
      context.fill(path);
      context.globalAlpha = 1;
      // Dark under bright: the line is seen on any picture, and parts of one colour stay apart.
      context.strokeStyle = 'rgba(8, 20, 22, .8)';
      context.lineWidth = (2 * OUTLINE) / factor;
      context.stroke(path);
      context.strokeStyle = colour;
      context.lineWidth = OUTLINE / factor;
      context.stroke(path);
    }
  }
}

/** Where the product is: the ground about it lies in the shade, for the product is what is to be looked at. */
export class ForegroundOverlay {
  #shown: { mask: Rle; path: Path2D } | null = null;

  /** Draws in image coordinates. */
  draw(context: Context, mask: Rle, opacity: number, pixel: number): void {
    if (this.#shown?.mask !== mask) this.#shown = { mask, path: outlineOfRle(mask) };
    const { path } = this.#shown;
    const ground = new Path2D(path);
    ground.rect(0, 0, mask.width, mask.height);
    context.globalAlpha = opacity;
    context.fillStyle = GROUND_SHADE;
    context.fill(ground, 'evenodd');
    context.lineJoin = 'round';
    // Dark under bright: the line is seen on any picture.
    context.strokeStyle = 'rgba(8, 20, 22, .8)';
    context.lineWidth = 3.5 * pixel;
    context.stroke(path);
    context.strokeStyle = FOREGROUND_COLOUR;
    context.lineWidth = 1.5 * pixel;
    context.stroke(path);
    context.globalAlpha = 1;
  }
}

function light(context: Context, path: Path2D, pixel: number): void {
  context.lineJoin = 'round';
  context.fillStyle = LIT_FILL;
  context.fill(path);
  context.strokeStyle = 'rgba(8, 20, 22, .85)';
  context.lineWidth = 4 * pixel;
  context.stroke(path);
  context.strokeStyle = '#ffffff';
  context.lineWidth = 2 * pixel;
  context.stroke(path);
}

/** A + where the network was told more, a − where less, of the same size at any zoom. */
export function drawPromptPoints(context: Context, points: readonly PromptPoint[], pixel: number): void {
  for (const { x, y, label } of points) {
    context.beginPath();
    context.arc(x, y, 7 * pixel, 0, 2 * Math.PI);
    context.fillStyle = label === 1 ? '#0a6a5f' : '#b3261a';
    context.strokeStyle = '#ffffff';
    context.lineWidth = 1.5 * pixel;
    context.fill();
    context.stroke();
    context.beginPath();
    context.moveTo(x - 3.5 * pixel, y);
    context.lineTo(x + 3.5 * pixel, y);
    if (label === 1) {
      context.moveTo(x, y - 3.5 * pixel);
      context.lineTo(x, y + 3.5 * pixel);
    }
    context.stroke();
  }
}

/** Where keys point. */
export function drawCrosshair(context: Context, { x, y }: Point, pixel: number): void {
  const arms = new Path2D();
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ]) {
    arms.moveTo(x + 4 * dx * pixel, y + 4 * dy * pixel);
    arms.lineTo(x + 14 * dx * pixel, y + 14 * dy * pixel);
  }
  context.strokeStyle = 'rgba(8, 20, 22, .85)';
  context.lineWidth = 4 * pixel;
  context.stroke(arms);
  context.strokeStyle = '#ffffff';
  context.lineWidth = 1.8 * pixel;
  context.stroke(arms);
}
