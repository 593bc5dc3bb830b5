import type { Box } from '../../core/mask';
import type { BrushShape } from '../../core/rasterize';
import type { RegionShape } from '../../core/recipe';
import { RegionCanvas } from '../../core/region-canvas';
import { newContext } from './compose';
import { contours, simplified } from './contour';

/** How far the outline may be from where M passes ½, px: less than is seen, and several times fewer points to draw. */
const OUTLINE_TOLERANCE = 0.15;

/**
 * The region as the canvas shows it: a tint and an outline, rasterised by the very code that makes the M of Eq. 1. A
 * growing stroke costs what its newest segment costs, whatever was drawn before.
 */
export class RegionOverlay {
  readonly #context = newContext();
  #region: RegionCanvas | null = null;
  #shapes: readonly RegionShape[] = [];
  #stroke: { known: number } | null = null;
  #outline: Path2D | null = null;
  #pixels: ImageData | null = null;

  /** @param colour red, green, blue of the tint, 0…255 */
  constructor(private readonly colour: readonly [number, number, number]) {}

  get picture(): HTMLCanvasElement {
    return this.#context.canvas;
  }

  get empty(): boolean {
    return this.#shapes.length === 0 && this.#stroke === null;
  }

  /** The line where M passes ½, in image pixels. */
  get outline(): Path2D {
    if (!this.#outline) {
      this.#outline = new Path2D();
      if (this.#region && !this.empty) {
        const { width, height, data } = this.#region.mask;
        for (const outline of contours(data, width, height, 0.5)) {
          const points = simplified(outline, OUTLINE_TOLERANCE);
          this.#outline.moveTo(points[0], points[1]);
          for (let i = 2; i < points.length; i += 2) this.#outline.lineTo(points[i], points[i + 1]);
          this.#outline.closePath();
        }
      }
    }
    return this.#outline;
  }

  get drawing(): boolean {
    return this.#stroke !== null;
  }

  /** Shows these shapes; what is drawn already is not drawn again. */
  show(shapes: readonly RegionShape[], width: number, height: number, feather: number, grow: number): void {
    const region = this.#region;
    const fits =
      region?.width === width && region.height === height && region.feather === feather && region.grow === grow;
    if (fits && this.#shapes === shapes && this.#stroke === null) return;
    if (fits) {
      this.#tint(region.show(shapes));
    } else {
      this.#region = new RegionCanvas(width, height, feather, grow);
      this.#region.show(shapes);
      this.#pixels = null;
      this.#tint({ x: 0, y: 0, width, height });
    }
    this.#shapes = shapes;
    this.#stroke = null;
    this.#outline = null;
  }

  /** Draws what is new of a stroke in progress. */
  extend(stroke: BrushShape): void {
    if (!this.#region) return;
    this.#stroke ??= { known: 0 };
    const count = stroke.points.length / 2;
    if (count === this.#stroke.known) return;
    this.#tint(this.#region.extend(stroke, this.#stroke.known));
    this.#stroke.known = count;
  }

  /** The stroke became a shape of the draft: what is drawn stays, and `show` will find it there. */
  settle(shape: RegionShape): void {
    this.#tint(this.#region?.add(shape) ?? null);
    this.#shapes = [...this.#shapes, shape];
    this.#stroke = null;
    this.#outline = null;
  }

  #tint(box: Box | null): void {
    if (!box || !this.#region || box.width === 0 || box.height === 0) return;
    const { width, height, data } = this.#region.mask;
    if (this.#pixels?.width !== width || this.#pixels.height !== height) {
      this.#pixels = new ImageData(width, height);
      this.picture.width = width;
      this.picture.height = height;
      const [red, green, blue] = this.colour;
      const pixels = this.#pixels.data;
      for (let i = 0; i < pixels.length; i += 4) {
        pixels[i] = red;
        pixels[i + 1] = green;
        pixels[i + 2] = blue;
      }
    }
    const pixels = this.#pixels.data;
    for (let y = box.y; y < box.y + box.height; y++) {
      for (let i = y * width + box.x, end = i + box.width; i < end; i++) pixels[i * 4 + 3] = data[i] * 255;
    }
    this.#context.putImageData(this.#pixels, 0, 0, box.x, box.y, box.width, box.height);
  }
}
