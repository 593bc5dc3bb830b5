import type { Affine } from '../core/geometry';
import { cloneRaster, type Image8, type Raster } from '../core/raster';
import type { Operation } from '../core/recipe';
import type { ThinPlateSpline } from '../core/tps';
import type { Backend, Border, CpuRaster, DeviceRaster } from './backend';
import { addMasking } from './kernels/add-masking/cpu';
import { affineValues } from './kernels/affine-values/cpu';
import { blend } from './kernels/blend/cpu';
import { canny } from './kernels/canny/cpu';
import { changeMask } from './kernels/change-mask/cpu';
import { contrastMasking } from './kernels/contrast-masking/cpu';
import { dilate } from './kernels/dilate/cpu';
import { disorderly } from './kernels/disorderly/cpu';
import { editEdges } from './kernels/edit-edges/cpu';
import { luminanceAdaptation } from './kernels/luminance-adaptation/cpu';
import { normalize } from './kernels/normalize/cpu';
import { orderlyPrediction } from './kernels/orderly-prediction/cpu';
import { resize } from './kernels/resize/cpu';
import { ssim } from './kernels/ssim/cpu';
import { uploadImage } from './kernels/upload-image/cpu';
import { warpAffine } from './kernels/warp-affine/cpu';
import { warpTps } from './kernels/warp-tps/cpu';
import {
  donorFor,
  requireAffineValues,
  requireBorder,
  requireOneChannel,
  requirePlanes,
  requireRadius,
  requireSameShape,
  requireSameSize,
  requireShare,
  requireSize,
} from './shape';

/** The reference backend: the CPU kernels, computed on the spot. Any `CpuRaster` is accepted, whoever made it. */
export function createCpuBackend(): Backend {
  return new CpuBackend();
}

class CpuBackend implements Backend {
  readonly name = 'cpu';
  /** The garbage collector frees the storage; this only makes using a released raster the error it is on a GPU. */
  readonly #released = new WeakSet<DeviceRaster>();

  upload(raster: Raster): CpuRaster {
    return onCpu(cloneRaster(raster));
  }

  uploadImage(image: Image8): CpuRaster {
    return onCpu(uploadImage(image));
  }

  async download(raster: DeviceRaster): Promise<Raster> {
    const { width, height, channels, data } = this.#use(raster);
    return { width, height, channels, data: data.slice() };
  }

  release(...rasters: (DeviceRaster | null | undefined)[]): void {
    for (const raster of rasters) {
      if (!raster) continue;
      this.#use(raster);
      this.#released.add(raster);
    }
  }

  editEdges(operation: Operation, strength: DeviceRaster, donor: DeviceRaster | null, mask: DeviceRaster): CpuRaster {
    const p = this.#use(strength);
    const m = this.#use(mask);
    const needed = donorFor(operation, donor);
    const a = needed && this.#use(needed);
    for (const raster of a ? [p, m, a] : [p, m]) {
      requireOneChannel(raster, 'edge edit');
      requireSameSize(p, raster);
    }
    return onCpu(editEdges(operation, p, a, m));
  }

  warpAffine(source: DeviceRaster, inverse: Affine, width: number, height: number, border: Border): CpuRaster {
    requireSize(width, height);
    return onCpu(warpAffine(this.#use(source), inverse, width, height, border));
  }

  warpTps(source: DeviceRaster, spline: ThinPlateSpline, border: Border): CpuRaster {
    return onCpu(warpTps(this.#use(source), spline, border));
  }

  ssim(a: DeviceRaster, b: DeviceRaster): CpuRaster {
    requireSameShape(a, b);
    return onCpu(ssim(this.#use(a), this.#use(b)));
  }

  blend(under: DeviceRaster, over: DeviceRaster, mask: DeviceRaster): CpuRaster {
    requireSameShape(under, over);
    requireSameSize(under, mask);
    requireOneChannel(mask, 'blend mask');
    return onCpu(blend(this.#use(under), this.#use(over), this.#use(mask)));
  }

  dilate(mask: DeviceRaster, radius: number): CpuRaster {
    requireOneChannel(mask, 'dilation');
    requireRadius(radius);
    return onCpu(dilate(this.#use(mask), radius));
  }

  changeMask(similarity: DeviceRaster, within: DeviceRaster, threshold: number): CpuRaster {
    requireOneChannel(similarity, 'change mask');
    requireOneChannel(within, 'change mask');
    requireSameSize(similarity, within);
    return onCpu(changeMask(this.#use(similarity), this.#use(within), threshold));
  }

  affineValues(source: DeviceRaster, scale: number, offset: number, low: number, high: number): CpuRaster {
    requireAffineValues(scale, offset, low, high);
    return onCpu(affineValues(this.#use(source), scale, offset, low, high));
  }

  resize(source: DeviceRaster, width: number, height: number): CpuRaster {
    requireSize(width, height);
    return onCpu(resize(this.#use(source), width, height));
  }

  luminanceAdaptation(grey: DeviceRaster): CpuRaster {
    requireOneChannel(grey, 'luminance adaptation');
    return onCpu(luminanceAdaptation(this.#use(grey)));
  }

  orderlyPrediction(grey: DeviceRaster, adaptation: DeviceRaster): CpuRaster {
    requirePlanes('orderly prediction', grey, adaptation);
    return onCpu(orderlyPrediction(this.#use(grey), this.#use(adaptation)));
  }

  contrastMasking(grey: DeviceRaster): CpuRaster {
    requireOneChannel(grey, 'contrast masking');
    return onCpu(contrastMasking(this.#use(grey)));
  }

  canny(source: DeviceRaster, threshold: number): CpuRaster {
    requireOneChannel(source, 'edge map');
    requireShare(threshold);
    return onCpu(canny(this.#use(source), threshold));
  }

  disorderly(grey: DeviceRaster, orderly: DeviceRaster, edges: DeviceRaster): CpuRaster {
    requirePlanes('disorderly content', grey, orderly, edges);
    return onCpu(disorderly(this.#use(grey), this.#use(orderly), this.#use(edges)));
  }

  addMasking(a: DeviceRaster, b: DeviceRaster): CpuRaster {
    requirePlanes('masking', a, b);
    return onCpu(addMasking(this.#use(a), this.#use(b)));
  }

  normalize(source: DeviceRaster, border: number): CpuRaster {
    requireOneChannel(source, 'normalisation');
    requireBorder(border);
    return onCpu(normalize(this.#use(source), border));
  }

  async finish(): Promise<void> {}

  dispose(): void {}

  #use(raster: DeviceRaster): CpuRaster {
    if (raster.device !== 'cpu') throw new RangeError('A raster on the GPU was given to the CPU backend.');
    if (this.#released.has(raster)) throw new RangeError('This raster was released and cannot be used any more.');
    return raster;
  }
}

function onCpu(raster: Raster): CpuRaster {
  return { device: 'cpu', ...raster };
}
