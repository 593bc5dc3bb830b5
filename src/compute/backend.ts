import type { Affine } from '../core/geometry';
import type { Image8, Raster } from '../core/raster';
import type { Operation } from '../core/recipe';
import type { ThinPlateSpline } from '../core/tps';

/**
 * One interface over the CPU reference kernels and the WebGPU ones, so that every stage is written once. On WebGPU a
 * chain of calls stays on the device: nothing is read back until {@link Backend.download}.
 */

/** A raster that lives where its backend computes; a planar CHW float32 block, which is an NCHW tensor of batch 1. */
export type DeviceRaster = CpuRaster | GpuRaster;

export interface CpuRaster extends Raster {
  readonly device: 'cpu';
}

export interface GpuRaster {
  readonly device: 'webgpu';
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** channels · height · width float32 values; usage STORAGE | COPY_SRC | COPY_DST. May be longer than needed. */
  readonly buffer: GPUBuffer;
}

/** What lies outside the source of a warp: nothing (0, for edge strength), or the mirrored picture. */
export type Border = 'zero' | 'reflect';

export interface Backend {
  readonly name: 'cpu' | 'webgpu';

  upload(raster: Raster): DeviceRaster;
  /** 8-bit RGBA → planar RGB in [0, 1] on the device (alpha over white). */
  uploadImage(image: Image8): DeviceRaster;
  download(raster: DeviceRaster): Promise<Raster>;
  /** Frees the storage; using the raster afterwards is an error. */
  release(...rasters: (DeviceRaster | null | undefined)[]): void;

  /**
   * LogicAL Eq. 1 in edge strength P (methods.md section 2): remove (1−M)·P; replace M·A + (1−M)·P;
   * merge M·min(1, A + P) + (1−M)·P. All [0, 1], one channel, one size; `donor` is A(Pᵢ), null only for remove.
   */
  editEdges(operation: Operation, strength: DeviceRaster, donor: DeviceRaster | null, mask: DeviceRaster): DeviceRaster;

  /** out(p) = source(inverse · p), bilinear, on pixel centres; any channel count. Output size as given. */
  warpAffine(source: DeviceRaster, inverse: Affine, width: number, height: number, border: Border): DeviceRaster;

  /** out(p) = source(spline(p)), bilinear; the same spline for an edge map and its image (DeepSIM, Bookstein). */
  warpTps(source: DeviceRaster, spline: ThinPlateSpline, border: Border): DeviceRaster;

  /**
   * Mean over channels of the local SSIM (Wang et al. 2004): 11×11 Gaussian σ 1.5, C1 1e-4, C2 9e-4 for range 1,
   * reflected borders. One channel in [−1, 1].
   */
  ssim(a: DeviceRaster, b: DeviceRaster): DeviceRaster;

  /** under + mask·(over − under); where the mask is 0 the result equals `under` bit for bit. Mask has one channel. */
  blend(under: DeviceRaster, over: DeviceRaster, mask: DeviceRaster): DeviceRaster;

  /** Grey dilation by a disk of `radius` px (maximum over the disk). One channel. */
  dilate(mask: DeviceRaster, radius: number): DeviceRaster;

  /** 1 where 1 − ssim > threshold and within > 0, else 0. */
  changeMask(ssim: DeviceRaster, within: DeviceRaster, threshold: number): DeviceRaster;

  /** source · scale + offset, clamped to [low, high]: between network ranges ([−1, 1]) and image ranges ([0, 1]). */
  affineValues(source: DeviceRaster, scale: number, offset: number, low: number, high: number): DeviceRaster;

  /** Resizes as core `resizeRaster` does. */
  resize(source: DeviceRaster, width: number, height: number): DeviceRaster;

  /** LA: the difference from a flat background that the eye does not see. Grey levels 0–255 in and out, one channel. */
  luminanceAdaptation(grey: DeviceRaster): DeviceRaster;

  /**
   * I′: what a picture predicts of itself (Wu et al. 2013, autoregression over 7×7 patches). Whole grey levels 0–255,
   * one channel; `adaptation` is {@link luminanceAdaptation} of `grey`.
   */
  orderlyPrediction(grey: DeviceRaster, adaptation: DeviceRaster): DeviceRaster;

  /** CM: the difference that edges and textures hide. Grey levels 0–255 in and out, one channel. */
  contrastMasking(grey: DeviceRaster): DeviceRaster;

  /**
   * Canny's edges: 1 on an edge, else 0. Gradients of a Gaussian σ √2; `threshold` is a share of the largest gradient,
   * (0, 1], and edges are followed down to .4 of it. One channel.
   */
  canny(source: DeviceRaster, threshold: number): DeviceRaster;

  /** D: the residual |I − I′|, averaged where I is smooth and lessened on `edges` (0 or 1). Grey levels, one channel. */
  disorderly(grey: DeviceRaster, orderly: DeviceRaster, edges: DeviceRaster): DeviceRaster;

  /** a + b − .3·min(a, b): what two masking effects hide together (Yang et al. 2005). One channel, not negative. */
  addMasking(a: DeviceRaster, b: DeviceRaster): DeviceRaster;

  /** The values over their maximum, `border` px around set to 0 first; all 0 where there is nothing. One channel, not negative. */
  normalize(source: DeviceRaster, border: number): DeviceRaster;

  /** Waits until everything asked for so far has been computed. */
  finish(): Promise<void>;

  dispose(): void;
}
