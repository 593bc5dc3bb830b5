import { isSoftwareName } from '../compute/device';

/** A graphics card that is reached through WebGL. */
export interface WebGlInfo {
  /** As the browser tells it; some tell little. */
  readonly name: string;
  /** True if a processor imitates it. */
  readonly software: boolean;
}

/** Makes a canvas for WebGL that nobody sees. */
export type OpenCanvas = () => Pick<OffscreenCanvas, 'getContext'>;

/** A context with targets of 32-bit floats, since in 16 bits small gradients vanish; null where there is none. */
export function openWebGl(open: OpenCanvas | null = canvasHere()): WebGL2RenderingContext | null {
  // Nothing is shown: what a picture on screen needs only costs memory.
  const plain = { alpha: false, antialias: false, depth: false, stencil: false, premultipliedAlpha: false };
  const gl = open?.().getContext('webgl2', plain) as WebGL2RenderingContext | null | undefined;
  if (!gl) return null;
  if (gl.getExtension('EXT_color_buffer_float')) return gl;
  giveBack(gl);
  return null;
}

/** A page may have few contexts at once. */
export function giveBack(gl: WebGL2RenderingContext): void {
  gl.getExtension('WEBGL_lose_context')?.loseContext();
}

/**
 * Looks whether training can run through WebGL 2 in this worker, and on what.
 * @returns null if not.
 */
export function findWebGl(open: OpenCanvas | null = canvasHere()): WebGlInfo | null {
  const gl = openWebGl(open);
  if (!gl) return null;
  // Some tell the name without the extension.
  const unmasked = gl.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL;
  const told = String(gl.getParameter(unmasked ?? gl.RENDERER));
  giveBack(gl);
  return { name: cardOf(told), software: isSoftwareName(told) };
}

/** The card in `ANGLE (vendor, card driver, …)`, which is how most browsers tell it. */
function cardOf(renderer: string): string {
  const [, card = renderer] = /^ANGLE \([^,]+, (?:ANGLE \w+ Renderer: )?([^,]+)/.exec(renderer) ?? [];
  const [, ofVulkan = card] = /^Vulkan [\d.]+ \((.+?) \(0x/.exec(card) ?? [];
  return ofVulkan.replace(/ (?:Direct3D|OpenGL).*$/, '').trim() || 'the graphics card';
}

function canvasHere(): OpenCanvas | null {
  return typeof OffscreenCanvas === 'undefined' ? null : () => new OffscreenCanvas(1, 1);
}
