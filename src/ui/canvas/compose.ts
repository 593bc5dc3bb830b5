import type { LayerId, LayerState } from '../session';
import type { PaneContent } from './panes';
import type { Size } from './viewport';

type Context = CanvasRenderingContext2D;

/** The pictures there are, all of the working size (the variant is stretched to it). */
export interface Scene {
  readonly size: Size;
  readonly photo: CanvasImageSource;
  readonly edges: CanvasImageSource;
  readonly editedEdges: CanvasImageSource | null;
  readonly result: CanvasImageSource | null;
  /** White on black. */
  readonly mask: CanvasImageSource | null;
  /** The detector's, of the photograph and of the result. */
  readonly heat: Detected;
  readonly reconstruction: Detected;
  /** A kept variant that stands for "before". */
  readonly variant: CanvasImageSource | null;
}

export interface Detected {
  readonly photo: CanvasImageSource | null;
  readonly result: CanvasImageSource | null;
}

type Layers = Readonly<Record<LayerId, LayerState>>;

/** Behind everything: seen where layers are faded or switched off. */
const BASE = '#26292c';
/** The colour of the mask of what changed. */
export const MASK_COLOUR = '#ff5436';

/** Draws a pane's stack, from the bottom, at the working size. `wipe` has two stacks and is drawn by its caller. */
export function composePane(context: Context, scene: Scene, layers: Layers, content: Exclude<PaneContent, 'wipe'>) {
  const { width, height } = scene.size;
  const draw = (picture: CanvasImageSource | null, { visible, opacity }: LayerState) => {
    if (!picture || !visible || opacity === 0) return;
    context.globalAlpha = opacity;
    context.drawImage(picture, 0, 0, width, height);
    context.globalAlpha = 1;
  };
  context.globalCompositeOperation = 'source-over';
  context.globalAlpha = 1;
  context.fillStyle = BASE;
  context.fillRect(0, 0, width, height);
  const mask = () =>
    layers.mask.visible && scene.mask && drawMask(context, scene.mask, scene.size, layers.mask.opacity);
  const which = scene.result ? 'result' : 'photo';
  const after = { heat: scene.heat[which], reconstruction: scene.reconstruction[which] };
  switch (content) {
    case 'all':
      draw(scene.photo, layers.photo);
      draw(scene.result, layers.result);
      draw(after.reconstruction, layers.reconstruction);
      draw(scene.edges, layers.edges);
      draw(scene.editedEdges, layers.editedEdges);
      draw(after.heat, layers.heat);
      mask();
      return;
    case 'before':
      draw(scene.variant ?? scene.photo, layers.photo);
      if (scene.variant) return;
      draw(scene.reconstruction.photo, layers.reconstruction);
      draw(scene.edges, layers.edges);
      draw(scene.heat.photo, layers.heat);
      return;
    case 'after':
      draw(scene.photo, layers.photo);
      draw(scene.result, layers.result);
      draw(after.reconstruction, layers.reconstruction);
      draw(scene.editedEdges, layers.editedEdges);
      draw(after.heat, layers.heat);
      mask();
      return;
    case 'photo':
      draw(scene.photo, OPAQUE);
      draw(scene.heat.photo, layers.heat);
      return;
    case 'edges':
    case 'editedEdges':
      draw(scene[content] ?? scene.edges, OPAQUE);
      return;
    case 'result':
      draw(scene.result ?? scene.photo, OPAQUE);
      draw(after.heat, layers.heat);
      mask();
      return;
  }
}

const OPAQUE: LayerState = { visible: true, opacity: 1 };

let scratch: [Context, Context] | null = null;

/**
 * Lays a colour over the picture where the mask is white: picture·(1 − a·m) + colour·a·m, by blending alone. The mask
 * comes from the GPU, and turning its brightness into transparency any other way would read it back.
 */
function drawMask(context: Context, mask: CanvasImageSource, { width, height }: Size, opacity: number): void {
  scratch ??= [newContext(), newContext()];
  const [covered, open] = scratch;
  for (const { canvas } of scratch) {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
  }
  paint(covered, '#000', 'source-over');
  covered.globalAlpha = opacity;
  covered.drawImage(mask, 0, 0, width, height);
  covered.globalAlpha = 1;
  paint(open, '#fff', 'source-over');
  open.globalCompositeOperation = 'difference';
  open.drawImage(covered.canvas, 0, 0);
  paint(covered, MASK_COLOUR, 'multiply');
  context.globalCompositeOperation = 'multiply';
  context.drawImage(open.canvas, 0, 0);
  context.globalCompositeOperation = 'lighter';
  context.drawImage(covered.canvas, 0, 0);
  context.globalCompositeOperation = 'source-over';
}

function paint(context: Context, colour: string, operation: GlobalCompositeOperation): void {
  context.globalCompositeOperation = operation;
  context.fillStyle = colour;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.globalCompositeOperation = 'source-over';
}

export function newContext(options?: CanvasRenderingContext2DSettings): Context {
  const context = document.createElement('canvas').getContext('2d', options);
  if (!context) throw new Error('This browser gives no 2D canvas. Close other tabs and reload.');
  return context;
}
