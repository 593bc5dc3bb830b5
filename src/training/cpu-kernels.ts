import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';

/**
 * TensorFlow.js's gradient of a convolution by its filter, for its CPU backend. Its own reads every value through a
 * bounds-checked accessor, which takes most of a training step; this one goes over the arrays as they lie. Sums are kept
 * in double precision.
 */

const KERNEL = 'Conv2DBackpropFilter';

/** Puts the quicker kernel in place of the CPU backend's own. Once is enough. */
export function useQuickCpuKernels(): void {
  if (tf.getKernel(KERNEL, 'cpu')?.kernelFunc === filterGradient) return;
  if (tf.getKernel(KERNEL, 'cpu')) tf.unregisterKernel(KERNEL, 'cpu');
  tf.registerKernel({ kernelName: KERNEL, backendName: 'cpu', kernelFunc: filterGradient });
}

/** dW[r, c, i, o] = Σ over pictures, rows and columns of x[n, y·stride + r − top, x·stride + c − left, i] · dy[n, y, x, o]. */
function filterGradient({ inputs, backend, attrs }: Parameters<tf.KernelFunc>[0]): tf.TensorInfo {
  const { x, dy } = inputs as { x: tf.TensorInfo; dy: tf.TensorInfo };
  const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  const cpu = backend as MathBackendCPU;
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { filterHeight, filterWidth, strideHeight, strideWidth, inChannels, outChannels } = info;
  const { batchSize, inHeight, inWidth, outHeight, outWidth } = info;
  const { top, left } = info.padInfo;
  const values = cpu.data.get(x.dataId).values as Float32Array;
  const slopes = cpu.data.get(dy.dataId).values as Float32Array;
  const sums = new Float64Array(filterHeight * filterWidth * inChannels * outChannels);
  for (let r = 0; r < filterHeight; r++) {
    // Output rows whose window's row r lies inside the picture; columns likewise.
    const firstRow = Math.max(0, Math.ceil((top - r) / strideHeight));
    const lastRow = Math.min(outHeight - 1, Math.floor((inHeight - 1 + top - r) / strideHeight));
    for (let c = 0; c < filterWidth; c++) {
      const firstColumn = Math.max(0, Math.ceil((left - c) / strideWidth));
      const lastColumn = Math.min(outWidth - 1, Math.floor((inWidth - 1 + left - c) / strideWidth));
      const place = (r * filterWidth + c) * inChannels * outChannels;
      for (let n = 0; n < batchSize; n++) {
        for (let row = firstRow; row <= lastRow; row++) {
          const inRow = (n * inHeight + row * strideHeight + r - top) * inWidth + c - left;
          const outRow = (n * outHeight + row) * outWidth;
          for (let column = firstColumn; column <= lastColumn; column++) {
            const from = (inRow + column * strideWidth) * inChannels;
            const to = (outRow + column) * outChannels;
            for (let i = 0; i < inChannels; i++) {
              const value = values[from + i];
              // Behind a ReLU about every second one is.
              if (value === 0) continue;
              const at = place + i * outChannels;
              for (let o = 0; o < outChannels; o++) sums[at + o] += value * slopes[to + o];
            }
          }
        }
      }
    }
  }
  return cpu.makeTensorInfo(filterShape, 'float32', Float32Array.from(sums));
}
