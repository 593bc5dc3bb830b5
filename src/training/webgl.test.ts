import { describe, expect, it } from 'vitest';
import { findWebGl, type OpenCanvas } from './webgl';

/** A context of a card; it notes whether it was given back. */
function canvas(renderer: string, lacks: readonly string[] = []) {
  const lost: string[] = [];
  const extensions: Record<string, object> = {
    EXT_color_buffer_float: {},
    WEBGL_debug_renderer_info: { UNMASKED_RENDERER_WEBGL: 37446 },
    WEBGL_lose_context: { loseContext: () => lost.push(renderer) },
  };
  const gl = {
    RENDERER: 7937,
    getExtension: (name: string) => (lacks.includes(name) ? null : extensions[name]),
    getParameter: (name: number) => (name === 37446 ? renderer : 'WebKit WebGL'),
  };
  const open = (() => ({ getContext: () => gl })) as unknown as OpenCanvas;
  return { open, lost };
}

describe('WebGL for training', () => {
  it.each([
    ['ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 Direct3D11 vs_5_0 ps_5_0, D3D11)', 'NVIDIA GeForce RTX 3060', false],
    ['ANGLE (Apple, ANGLE Metal Renderer: Apple M2, Unspecified Version)', 'Apple M2', false],
    [
      'ANGLE (Intel, Mesa Intel(R) UHD Graphics 620 (KBL GT2), OpenGL 4.6)',
      'Mesa Intel(R) UHD Graphics 620 (KBL GT2)',
      false,
    ],
    [
      'ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)',
      'SwiftShader Device (Subzero)',
      true,
    ],
    [
      'ANGLE (NVIDIA, Vulkan 1.3.242 (NVIDIA NVIDIA GeForce RTX 3060 (0x00002504)), NVIDIA)',
      'NVIDIA NVIDIA GeForce RTX 3060',
      false,
    ],
    ['Mali-G78', 'Mali-G78', false],
    ['llvmpipe (LLVM 15.0.6, 256 bits)', 'llvmpipe (LLVM 15.0.6, 256 bits)', true],
  ])('is found with its name: %s', (renderer, name, software) => {
    const { open, lost } = canvas(renderer);
    expect(findWebGl(open)).toEqual({ name, software });
    expect(lost).toEqual([renderer]);
  });

  it('is not taken without targets of 32-bit floats, and its context is given back all the same', () => {
    const { open, lost } = canvas('Mali-400', ['EXT_color_buffer_float']);
    expect(findWebGl(open)).toBeNull();
    expect(lost).toHaveLength(1);
  });

  it('is not there without a canvas or a context', () => {
    expect(findWebGl(null)).toBeNull();
    expect(findWebGl((() => ({ getContext: () => null })) as unknown as OpenCanvas)).toBeNull();
  });

  it('is told by a general name where the browser keeps the card to itself', () => {
    expect(findWebGl(canvas('x', ['WEBGL_debug_renderer_info']).open)).toEqual({
      name: 'WebKit WebGL',
      software: false,
    });
  });
});
