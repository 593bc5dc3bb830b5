/**
 * The view's map from image to screen: screen = image · scale + (x, y). Screen coordinates are CSS pixels inside one
 * pane; image coordinates are pixels of the working size with (0, 0) at the top left corner.
 */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  /** CSS pixels per image pixel. */
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Enough to read single pixels, and to see a 16k image whole. */
export const SCALE_LIMITS = { least: 0.02, most: 64 } as const;

/** From this scale on pixels are shown as squares, so that a mask's border can be judged. */
export const PIXELATED_FROM = 4;

export function toImage(viewport: Viewport, point: Point): Point {
  return { x: (point.x - viewport.x) / viewport.scale, y: (point.y - viewport.y) / viewport.scale };
}

export function toScreen(viewport: Viewport, point: Point): Point {
  return { x: point.x * viewport.scale + viewport.x, y: point.y * viewport.scale + viewport.y };
}

/** The whole image, centred, `margin` px from the border of the pane. */
export function fit(image: Size, pane: Size, margin = 24): Viewport {
  const room = { width: Math.max(16, pane.width - 2 * margin), height: Math.max(16, pane.height - 2 * margin) };
  const scale = clampScale(Math.min(room.width / image.width, room.height / image.height));
  return centred(image, pane, scale);
}

function centred(image: Size, pane: Size, scale: number): Viewport {
  return { x: (pane.width - image.width * scale) / 2, y: (pane.height - image.height * scale) / 2, scale };
}

/** Multiplies the scale; the image point under `anchor` (screen) stays where it is. */
export function zoomAt(viewport: Viewport, anchor: Point, factor: number): Viewport {
  const scale = clampScale(viewport.scale * factor);
  const ratio = scale / viewport.scale;
  return { x: anchor.x - (anchor.x - viewport.x) * ratio, y: anchor.y - (anchor.y - viewport.y) * ratio, scale };
}

export function panBy(viewport: Viewport, dx: number, dy: number): Viewport {
  return { ...viewport, x: viewport.x + dx, y: viewport.y + dy };
}

/** Keeps at least `keep` px of the image inside the pane, so that it cannot be lost. */
export function keepInSight(viewport: Viewport, image: Size, pane: Size, keep = 48): Viewport {
  const width = image.width * viewport.scale;
  const height = image.height * viewport.scale;
  return {
    ...viewport,
    x: Math.min(Math.max(viewport.x, Math.min(keep, width) - width), pane.width - Math.min(keep, width)),
    y: Math.min(Math.max(viewport.y, Math.min(keep, height) - height), pane.height - Math.min(keep, height)),
  };
}

function clampScale(scale: number): number {
  return Math.min(SCALE_LIMITS.most, Math.max(SCALE_LIMITS.least, scale));
}
