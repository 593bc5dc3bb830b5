/** The WebGPU specification's flags. Browsers have them as globals, Node has not. */
export const BUFFER = { MAP_READ: 0x1, COPY_SRC: 0x4, COPY_DST: 0x8, UNIFORM: 0x40, STORAGE: 0x80 } as const;
export const TEXTURE = { COPY_SRC: 0x1, RENDER_ATTACHMENT: 0x10 } as const;
export const MAP_READ = 0x1;
export const STAGE = { FRAGMENT: 0x2, COMPUTE: 0x4 } as const;
