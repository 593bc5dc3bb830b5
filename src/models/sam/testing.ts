import { Random } from '../../core/random';
import { image, int64s, model, node, tensor, value } from '../onnx-file/build';
import { serializeOnnx } from '../onnx-file/onnx';
import { DataType, type OnnxModel, type OnnxTensor } from '../onnx-file/schema';

/**
 * Test helpers: networks with the names and shapes of SAM's exports, of any side. Their weights are random, but for what
 * makes their masks foretellable: the first is what is bright, the second a disk about the first point, the third
 * everything or nothing by the first point's label.
 */
export interface SamFixtureOptions {
  /** S, px; 1024 in the official exports. */
  readonly side?: number;
  readonly channels?: number;
  /** L, cells; a quarter of S in the official exports. */
  readonly masks?: number;
  readonly family?: 'transformers' | 'original';
  readonly metadata?: readonly { key: string; value: string }[];
}

/** Radius of the disk of the second mask, as a share of S. */
export const DISK = 0.125;
/** Normalised brightness (mean of the channels of pixel_values) above which the first mask is. Mid grey is about 0. */
export const BRIGHT = 0.9;
/** Predicted quality of the three masks for a foreground point. */
export const QUALITY = [0.7, 0.9, 0.8];

const full = ({
  side = 1024,
  channels = 256,
  masks = side / 4,
  family = 'transformers',
  metadata = [],
}: SamFixtureOptions) => ({
  side,
  channels,
  masks,
  family,
  metadata,
});

/** A vision encoder: one convolution with a stride of 16. Its first channel is the mean brightness of each cell. */
export function samEncoder(options: SamFixtureOptions = {}): Uint8Array<ArrayBuffer> {
  const { side, channels, family } = full(options);
  const random = new Random(7);
  const weights = new Float32Array(channels * 3 * 256);
  for (let i = 0; i < weights.length; i++) weights[i] = i < 3 * 256 ? 1 / (3 * 256) : random.uniform(-0.1, 0.1);
  const grid = side / 16;
  const embeddings = ['batch_size', channels, grid, grid];
  const nodes = [
    node('Conv', ['pixel_values', 'patch'], ['image_embeddings'], { kernel_shape: [16, 16], strides: [16, 16] }),
  ];
  const outputs = [image('image_embeddings', embeddings)];
  const initializers = [tensor('patch', [channels, 3, 16, 16], weights, true)];
  if (family === 'transformers') {
    // The same for every image; the input only says how many there are.
    nodes.push(
      node('ReduceMean', ['pixel_values'], ['mean'], { axes: [1, 2, 3], keepdims: 1 }),
      node('Mul', ['mean', 'zero'], ['each']),
      node('Add', ['places', 'each'], ['image_positional_embeddings']),
    );
    outputs.push(image('image_positional_embeddings', embeddings));
    const places = Float32Array.from({ length: channels * grid * grid }, () => random.uniform(-1, 1));
    initializers.push(tensor('places', [1, channels, grid, grid], places, true), tensor('zero', [1], [0], true));
  }
  return halved(model([image('pixel_values', ['batch_size', 3, side, side])], nodes, outputs, initializers));
}

/** A prompt decoder. */
export function samDecoder(options: SamFixtureOptions = {}): Uint8Array<ArrayBuffer> {
  const settings = full(options);
  return settings.family === 'transformers' ? transformersDecoder(settings) : originalDecoder(settings);
}

type Settings = ReturnType<typeof full>;

/** brightness: [1, 1, L, L] of logits, from the embeddings. */
function brightness({ channels, masks, side }: Settings) {
  const pick = new Float32Array(channels);
  pick[0] = 10;
  const scale = masks / (side / 16);
  return {
    nodes: [
      node('Conv', ['image_embeddings', 'pick', 'least'], ['bright16']),
      node('Resize', ['bright16', '', 'scales'], ['bright'], {
        mode: 'linear',
        coordinate_transformation_mode: 'half_pixel',
      }),
    ],
    initializers: [
      tensor('pick', [1, channels, 1, 1], pick),
      tensor('least', [1], [-10 * BRIGHT]),
      tensor('scales', [4], [1, 1, scale, scale]),
    ],
  };
}

/** The centres of the mask's cells in px of the square. */
function centres({ masks, side }: Settings): Float32Array {
  const step = side / masks;
  return Float32Array.from({ length: 2 * masks * masks }, (_, i) => {
    const cell = i >> 1;
    return ((i % 2 === 0 ? cell % masks : Math.floor(cell / masks)) + 0.5) * step - 0.5;
  });
}

function transformersDecoder(settings: Settings): Uint8Array<ArrayBuffer> {
  const { side, channels, masks, metadata } = settings;
  const grid = side / 16;
  const bright = brightness(settings);
  const plane = ['batch_size', 'point_batch_size', 3, masks, masks];
  const network = model(
    [
      image('image_embeddings', ['batch_size', channels, grid, grid]),
      image('image_positional_embeddings', ['batch_size', channels, grid, grid]),
      image('input_points', ['batch_size', 'point_batch_size', 'nb_points_per_image', 2]),
      value('input_labels', ['batch_size', 'point_batch_size', 'nb_points_per_image'], DataType.int64),
    ],
    [
      ...bright.nodes,
      // The positions have to be those of the encoder; they weigh nothing.
      node('ReduceMean', ['image_positional_embeddings'], ['place'], { axes: [1, 2, 3], keepdims: 1 }),
      node('Mul', ['place', 'zero'], ['nothing']),
      node('Add', ['bright', 'nothing'], ['bright4']),
      node('Unsqueeze', ['bright4', 'axis1'], ['bright5']),
      // The disk about the first point: radius² − distance².
      node('Gather', ['input_points', 'first'], ['point'], { axis: 2 }),
      node('Unsqueeze', ['point', 'axes23'], ['point5']),
      node('Sub', ['point5', 'centres'], ['away']),
      node('Mul', ['away', 'away'], ['squares']),
      node('ReduceSum', ['squares', 'axis4'], ['distance'], { keepdims: 0 }),
      node('Sub', ['radius', 'distance'], ['inside']),
      node('Mul', ['inside', 'steep'], ['disk']),
      node('Unsqueeze', ['disk', 'axis2'], ['disk5']),
      // Everything for label 1, nothing for 0.
      node('Cast', ['input_labels'], ['labels'], { to: DataType.float }),
      node('Gather', ['labels', 'first'], ['label'], { axis: 2 }),
      node('Unsqueeze', ['label', 'axes234'], ['label5']),
      node('Sub', ['label5', 'half'], ['all2']),
      node('Mul', ['all2', 'sure'], ['all1']),
      // All three with the disk's shape.
      node('Sub', ['disk5', 'disk5'], ['zeros']),
      node('Add', ['bright5', 'zeros'], ['mask0']),
      node('Add', ['all1', 'zeros'], ['mask2']),
      node('Concat', ['mask0', 'disk5', 'mask2'], ['pred_masks'], { axis: 2 }),
      node('Unsqueeze', ['label', 'axis2'], ['label3']),
      node('Mul', ['label3', 'quality'], ['iou_scores']),
    ],
    [image('iou_scores', ['batch_size', 'point_batch_size', 3]), image('pred_masks', plane)],
    [
      ...bright.initializers,
      tensor('zero', [1], [0]),
      tensor('centres', [1, 1, masks, masks, 2], centres(settings)),
      tensor('radius', [1], [(DISK * side) ** 2]),
      tensor('steep', [1], [16 / side]),
      tensor('half', [1], [0.5]),
      tensor('sure', [1], [10]),
      tensor('quality', [1, 1, 3], QUALITY),
      scalar('first', 0),
      int64s('axis1', [1]),
      int64s('axis2', [2]),
      int64s('axis4', [4]),
      int64s('axes23', [2, 3]),
      int64s('axes234', [2, 3, 4]),
    ],
  );
  network.metadataProps = [...metadata];
  return serializeOnnx(network);
}

/** Four masks: the first for prompts without doubt, a copy of the disk. */
function originalDecoder(settings: Settings): Uint8Array<ArrayBuffer> {
  const { side, channels, masks } = settings;
  const grid = side / 16;
  const bright = brightness(settings);
  return serializeOnnx(
    model(
      [
        image('image_embeddings', [1, channels, grid, grid]),
        image('point_coords', [1, 'num_points', 2]),
        image('point_labels', [1, 'num_points']),
        image('mask_input', [1, 1, masks, masks]),
        image('has_mask_input', [1]),
        image('orig_im_size', [2]),
      ],
      [
        ...bright.nodes,
        node('Mul', ['mask_input', 'has_mask_input'], ['given']),
        node('Add', ['bright', 'given'], ['mask1']),
        node('Gather', ['point_coords', 'first'], ['point'], { axis: 1 }),
        node('Unsqueeze', ['point', 'axes12'], ['point4']),
        node('Sub', ['point4', 'centres'], ['away']),
        node('Mul', ['away', 'away'], ['squares']),
        node('ReduceSum', ['squares', 'axis3'], ['distance'], { keepdims: 0 }),
        node('Sub', ['radius', 'distance'], ['inside']),
        node('Mul', ['inside', 'steep'], ['disk3']),
        node('Unsqueeze', ['disk3', 'axis1'], ['mask2']),
        // By the last label: the padding point or the box's corner that closes the prompt.
        node('Gather', ['point_labels', 'last'], ['label'], { axis: 1 }),
        node('Unsqueeze', ['label', 'axes123'], ['label4']),
        node('Sub', ['mask2', 'mask2'], ['zeros']),
        node('Add', ['label4', 'zeros'], ['mask3']),
        node('Concat', ['mask2', 'mask1', 'mask2', 'mask3'], ['low_res_masks'], { axis: 1 }),
        node('Identity', ['low_res_masks'], ['masks']),
        node('Mul', ['quality', 'one'], ['iou_predictions']),
      ],
      [
        image('masks', [1, 4, 'height', 'width']),
        image('iou_predictions', [1, 4]),
        image('low_res_masks', [1, 4, masks, masks]),
      ],
      [
        ...bright.initializers,
        tensor('centres', [1, masks, masks, 2], centres(settings)),
        tensor('radius', [1], [(DISK * side) ** 2]),
        tensor('steep', [1], [16 / side]),
        tensor('one', [1], [1]),
        tensor('quality', [1, 4], [0.95, ...QUALITY]),
        scalar('first', 0),
        scalar('last', -1),
        int64s('axis1', [1]),
        int64s('axis3', [3]),
        int64s('axes12', [1, 2]),
        int64s('axes123', [1, 2, 3]),
      ],
    ),
  );
}

/** A whole number without axes: an index that leaves none. */
function scalar(name: string, index: number): OnnxTensor {
  return { name, dims: [], dataType: DataType.int64, int64Data: [index] };
}

/** Float16 initializers, each with the Cast that reads it, as shipped files have them. */
function halved(network: OnnxModel): Uint8Array<ArrayBuffer> {
  const { graph } = network;
  const casts = graph.initializer.map((weights) => {
    const stored = `${weights.name}.half`;
    const cast = node('Cast', [stored], [weights.name!], { to: DataType.float });
    weights.name = stored;
    return cast;
  });
  graph.node.unshift(...casts);
  return serializeOnnx(network);
}
