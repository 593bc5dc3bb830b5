import * as tf from '@tensorflow/tfjs-core';
import { axesIn } from '../value';
import type { Operator } from './operator';

type Around = readonly (readonly [before: number, after: number])[];

/** `Pad` with a constant or by reflection that does not repeat the border. */
export const Pad: Operator = {
  numbers: [1, 2],
  compile(node) {
    const mode = node.text('mode', 'constant');
    if (mode !== 'constant' && mode !== 'reflect') throw node.unsupported(`has mode = ${mode}`);
    return (inputs) => {
      const { shape, rank, layout } = inputs.value(0);
      const pads = inputs.numbers(1);
      if (pads.length !== 2 * rank) throw node.misfit(`has ${pads.length} pads for ${rank} axes`);
      if (pads.some((pad) => pad < 0)) throw node.unsupported('crops by negative pads');
      const around: [number, number][] = shape.map(() => [0, 0]);
      axesIn(
        layout,
        shape.map((_, axis) => axis),
        rank,
      ).forEach((place, axis) => (around[place] = [pads[axis], pads[rank + axis]]));
      const x = inputs.in(layout, 0);
      if (mode === 'constant') {
        return { tensor: tf.pad(x, around, node.has(2) ? inputs.numbers(2)[0] : 0), layout };
      }
      if (around.some((pair, axis) => Math.max(...pair) >= x.shape[axis])) {
        throw node.misfit(`reflects more than there is of [${shape.join(', ')}]`);
      }
      return { tensor: reflect(x, around), layout };
    };
  },
};

/**
 * Reflection in TensorFlow.js's own operator, with a gradient of our own: its own one drops what the border returns. The
 * transpose of a reflection folds the border back onto the pixels it was copied from.
 */
function reflect(x: tf.Tensor, around: Around): tf.Tensor {
  const compute = tf.customGrad((x) => {
    if (!(x instanceof tf.Tensor)) throw new TypeError('Expected a tensor to pad.');
    const { shape } = x;
    return {
      value: tf.mirrorPad(
        x,
        around.map(([before, after]) => [before, after]),
        'reflect',
      ),
      gradFunc: (dy: tf.Tensor) => around.reduce((folded, pair, axis) => fold(folded, axis, shape[axis], pair), dy),
    };
  });
  return compute(x);
}

function fold(dy: tf.Tensor, axis: number, size: number, [before, after]: Around[number]): tf.Tensor {
  const part = (begin: number, length: number): tf.Tensor =>
    tf.slice(
      dy,
      dy.shape.map((_, i) => (i === axis ? begin : 0)),
      dy.shape.map((all, i) => (i === axis ? length : all)),
    );
  /** The reversed border as if it began at `begin` of the pixels. */
  const returned = (border: tf.Tensor, begin: number, length: number): tf.Tensor =>
    tf.pad(
      tf.reverse(border, axis),
      dy.shape.map((_, i) => (i === axis ? [begin, size - begin - length] : [0, 0])),
    );
  let sum = part(before, size);
  if (before) sum = tf.add(sum, returned(part(0, before), 1, before));
  if (after) sum = tf.add(sum, returned(part(before + size, after), size - 1 - after, after));
  return sum;
}
