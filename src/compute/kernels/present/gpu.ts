import { BUFFER, STAGE } from '../../gpu/flags';
import { compileShader } from '../../gpu/shader';
import { UniformBlock, type UniformRing } from '../../gpu/uniforms';
import type { Shape } from '../../shape';
import { presentation, type PresentOptions } from './colour';
import wgsl from './present.wgsl?raw';

/** What canvases offer; other formats are compiled when first met. */
const CANVAS_FORMATS: readonly GPUTextureFormat[] = ['rgba8unorm', 'bgra8unorm'];

/** Colour maps are few and drawn with again and again. */
type ColourBuffers = WeakMap<Uint8ClampedArray, GPUBuffer>;

/** A canvas context, or what stands in for one: textures of usage RENDER_ATTACHMENT. */
export type PresentTarget = Pick<GPUCanvasContext, 'getCurrentTexture'>;

export interface Presenter {
  /** Draws the raster over the whole texture. Nothing is read back. */
  draw(uniforms: UniformRing, source: GPUBuffer, shape: Shape, on: PresentTarget, options: PresentOptions): void;
  dispose(): void;
}

/** Draws device rasters into canvas textures; see the CPU reference `paint` for the colours. */
export async function createPresenter(device: GPUDevice): Promise<Presenter> {
  const module = await compileShader(device, 'present', wgsl);
  const buffer = (binding: number, type: GPUBufferBindingType): GPUBindGroupLayoutEntry => ({
    binding,
    visibility: STAGE.FRAGMENT,
    buffer: { type },
  });
  const layout = device.createBindGroupLayout({
    label: 'present',
    entries: [buffer(0, 'uniform'), buffer(1, 'read-only-storage'), buffer(2, 'read-only-storage')],
  });
  const describe = (format: GPUTextureFormat): GPURenderPipelineDescriptor => ({
    label: `present to ${format}`,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    vertex: { module, entryPoint: 'cover' },
    fragment: { module, entryPoint: 'paint', targets: [{ format }] },
  });
  const pipelines = new Map<GPUTextureFormat, GPURenderPipeline>();
  await Promise.all(
    CANVAS_FORMATS.map(async (format) => {
      pipelines.set(format, await device.createRenderPipelineAsync(describe(format)));
    }),
  );
  const colourBuffers: ColourBuffers = new WeakMap();
  const created: GPUBuffer[] = [];
  const coloursOf = (map: Uint8ClampedArray): GPUBuffer => {
    let colours = colourBuffers.get(map);
    if (!colours) {
      colours = device.createBuffer({
        label: 'colour map',
        size: map.byteLength,
        usage: BUFFER.STORAGE | BUFFER.COPY_DST,
      });
      device.queue.writeBuffer(colours, 0, new Uint8Array(map));
      colourBuffers.set(map, colours);
      created.push(colours);
    }
    return colours;
  };
  const noColours = new Uint8ClampedArray(4);

  return {
    draw(uniforms, source, { width, height, channels }, on, options) {
      const { colourMap, entries, low, high } = presentation(channels, options);
      const target = on.getCurrentTexture();
      let pipeline = pipelines.get(target.format);
      if (!pipeline) {
        pipeline = device.createRenderPipeline(describe(target.format));
        pipelines.set(target.format, pipeline);
      }
      const params = new UniformBlock()
        .u32(width, height, channels, entries)
        .f32(low, high)
        .u32(target.width, target.height);
      const bindGroup = device.createBindGroup({
        label: 'present',
        layout,
        entries: [
          { binding: 0, resource: uniforms.write(params) },
          { binding: 1, resource: { buffer: source } },
          { binding: 2, resource: { buffer: coloursOf(colourMap ?? noColours) } },
        ],
      });
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginRenderPass({
        colorAttachments: [{ view: target.createView(), loadOp: 'clear', storeOp: 'store' }],
      });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.draw(3);
      pass.end();
      device.queue.submit([encoder.finish()]);
    },
    dispose() {
      for (const colours of created.splice(0)) colours.destroy();
    },
  };
}
