import type { Raster } from '../../core/raster';
import { contours, simplified } from './contour';

type Context = CanvasRenderingContext2D;

/** How far a simplified outline may lie from the true one, image px. */
const TOLERANCE = 0.1;

/** The line about what exceeds the threshold, in image coordinates; traced anew when map or threshold change. */
export class ThresholdOverlay {
  #traced: { readonly map: Raster; readonly threshold: number; readonly path: Path2D } | null = null;

  draw(context: Context, map: Raster, threshold: number, pixel: number): void {
    if (this.#traced?.map !== map || this.#traced.threshold !== threshold) {
      this.#traced = { map, threshold, path: outlineAbove(map, threshold) };
    }
    const { path } = this.#traced;
    context.lineJoin = 'round';
    // Dark under bright: the line is seen on any colour.
    context.strokeStyle = 'rgba(8, 12, 16, .85)';
    context.lineWidth = 3.5 * pixel;
    context.stroke(path);
    context.strokeStyle = '#ffffff';
    context.lineWidth = 1.5 * pixel;
    context.stroke(path);
  }
}

function outlineAbove({ data, width, height }: Raster, threshold: number): Path2D {
  const path = new Path2D();
  // Outside the picture counts as 0, so that at 0 there is nothing to draw a line about.
  for (const outline of contours(data, width, height, threshold)) {
    const points = simplified(outline, TOLERANCE);
    path.moveTo(points[0], points[1]);
    for (let i = 2; i < points.length; i += 2) path.lineTo(points[i], points[i + 1]);
    path.closePath();
  }
  return path;
}
