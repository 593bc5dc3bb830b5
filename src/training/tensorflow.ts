import * as tf from '@tensorflow/tfjs-core';

/**
 * Makes TensorFlow.js ready to train: its gradients are registered, and unless a backend was chosen before, the one on
 * the CPU in plain JavaScript is. Of TensorFlow.js only the core and the backend are loaded, not its layers, converters
 * or WebGL.
 */
export async function startTensorFlow(): Promise<void> {
  // Else its CPU backend advises to install another one, on every start.
  tf.enableProdMode();
  // The build that Node loads registers every gradient, the one for bundlers none. This path is no package entry and
  // Node could not load it; it need not, since there the question answers itself.
  if (!tf.getGradient('Conv2D')) await import('@tensorflow/tfjs-core/dist/register_all_gradients');
  if (Object.keys(tf.engine().registryFactory).length === 0) {
    await import('@tensorflow/tfjs-backend-cpu');
    await tf.setBackend('cpu');
  }
  await tf.ready();
}
