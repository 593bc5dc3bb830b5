import { paint } from '../../../compute/kernels/present/cpu';
import { heatColours, type ColourScale } from '../../../core/colour-scales';
import type { Raster } from '../../../core/raster';
import { contours } from '../../canvas/contour';
import type { TruthOutlines } from '../../evaluated-pictures';

/** What lies over a photograph. */
export interface Overlay {
  /** Null: no heat map. */
  readonly map: Raster | null;
  /** Scores between which the colours run. */
  readonly range: { readonly low: number; readonly high: number };
  readonly scale: ColourScale;
  /** Of the heat map, [0, 1]. */
  readonly heat: number;
  readonly truth: TruthOutlines | null;
  /** Outlines pixels from this score on; null: none. */
  readonly pixelThreshold: number | null;
  /** The defect whose outline stands out. */
  readonly highlighted?: number | null;
}

/** Colours that are told apart from each other on any photograph and heat map, by their dark rims. */
export const TRUTH_COLOUR = '#3df0d4';
export const FOUND_COLOUR = '#ffffff';
const RIM = 'rgba(0, 0, 0, 0.75)';

/** Draws the overlay over the whole of a canvas, whose pixels are its size. */
export function drawOverlay(canvas: HTMLCanvasElement | OffscreenCanvas, overlay: Overlay, lineWidth: number): void {
  const context = canvas.getContext('2d') as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null;
  if (!context) return;
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  const { map, range, scale, heat, truth, pixelThreshold, highlighted } = overlay;
  if (map && heat > 0) {
    const { data } = paint(map, { colourMap: heatColours(scale), ...range });
    const small = new OffscreenCanvas(map.width, map.height);
    small.getContext('2d')?.putImageData(new ImageData(data, map.width, map.height), 0, 0);
    context.globalAlpha = heat;
    context.imageSmoothingQuality = 'high';
    context.drawImage(small, 0, 0, width, height);
    context.globalAlpha = 1;
  }
  if (map && pixelThreshold !== null) {
    // Outside the picture counts as the threshold itself, so that outlines close along its border.
    const above = map.data.map((score) => score - pixelThreshold);
    const path = pathOf(contours(above, map.width, map.height, 0), width / map.width, height / map.height);
    stroke(context, path, FOUND_COLOUR, lineWidth, [4 * lineWidth, 3 * lineWidth]);
  }
  truth?.defects.forEach((lines, k) => {
    const path = pathOf(lines, width / truth.width, height / truth.height);
    stroke(context, path, TRUTH_COLOUR, k === highlighted ? 2 * lineWidth : lineWidth);
  });
}

function pathOf(lines: readonly Float32Array[], scaleX: number, scaleY: number): Path2D {
  const path = new Path2D();
  for (const line of lines) {
    for (let i = 0; i < line.length; i += 2) {
      if (i === 0) path.moveTo(line[i] * scaleX, line[i + 1] * scaleY);
      else path.lineTo(line[i] * scaleX, line[i + 1] * scaleY);
    }
    path.closePath();
  }
  return path;
}

function stroke(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  path: Path2D,
  colour: string,
  lineWidth: number,
  dash: number[] = [],
): void {
  context.lineJoin = 'round';
  context.setLineDash([]);
  context.strokeStyle = RIM;
  context.lineWidth = lineWidth * 2;
  context.stroke(path);
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = lineWidth;
  context.stroke(path);
  context.setLineDash([]);
}
