/**
 * What training takes besides the rest of the worker, TensorFlow.js among it: a chunk of its own, loaded when something is
 * first trained.
 */
export { detectorTrainer, generatorTrainer } from '../datasets/training/trainers';
export { TrainingRun } from '../training/run/run';
export { expectedStepSeconds } from '../training/run/speed';
export { startTensorFlow } from '../training/tensorflow';
