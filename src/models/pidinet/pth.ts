import { strFromU8, unzipSync } from 'fflate';
import { StudioError } from '../../core/errors';
import type { FloatTensor } from '../onnx-file/onnx';
import { halfValue } from '../onnx-file/half';
import { checkZipSums } from './zip-sums';
import { PickleDict, PickleError, readPickle, type PickleGlobal, type PickleValue } from './pickle';

/**
 * Reads checkpoints that PyTorch 1.6 or later saved: a zip of one pickle, `data.pkl`, and one file of raw values for
 * each storage, `data/<key>`. Only tensors of floating-point numbers come out.
 */

/** Beyond this a checkpoint is none of an edge detector's (the greatest has 3 MB), and unpacking it may fill the memory. */
const MAX_BYTES = 512 * 1024 * 1024;

/** Element sizes of the storages that are read. */
const STORAGES: Readonly<Record<string, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  'torch.FloatStorage': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  'torch.DoubleStorage': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  'torch.HalfStorage': { bytes: 2, read: (view, at) => halfValue(view.getUint16(at, true)) },
};

class Storage {
  constructor(
    readonly type: string,
    readonly view: DataView,
  ) {}
}

class Tensor implements FloatTensor {
  constructor(
    readonly dims: readonly number[],
    readonly data: Float32Array,
  ) {}
}

/**
 * The tensors of a checkpoint: those under `state_dict` if there is one, else those of the file itself. Keys lose the
 * `module.` that training on several GPUs puts before them.
 * @throws StudioError `bad-weights` naming the file and why it was refused.
 */
export function readPth(bytes: Uint8Array, file: string): Map<string, FloatTensor> {
  const fail = (reason: string, cause?: unknown) =>
    new StudioError(
      'bad-weights',
      'model',
      `${file} cannot be read as a PyTorch checkpoint: ${reason}. Choose a .pth file saved by torch.save with tensors only.`,
      { cause, file },
    );
  if (bytes[0] === 0x80 && bytes.length > 1) {
    throw fail('it is in the format before PyTorch 1.6, not a zip; load it and save it again with a current PyTorch');
  }
  let files: Record<string, Uint8Array>;
  let total = 0;
  try {
    files = unzipSync(bytes, {
      filter: ({ originalSize }) => {
        total += originalSize;
        if (total > MAX_BYTES) throw new PickleError('it unpacks to more than 512 MB');
        return true;
      },
    });
  } catch (error) {
    throw fail(error instanceof PickleError ? error.message : 'it is not a complete zip file', error);
  }
  const damaged = checkZipSums(bytes, files);
  if (damaged !== null) {
    const message = `${file} is damaged: its part ${damaged} differs from the checksum stored with it. Download it again.`;
    throw new StudioError('altered-weights', 'model', message, { file });
  }
  const index = Object.keys(files).find((name) => name === 'data.pkl' || name.endsWith('/data.pkl'));
  if (!index) throw fail('it has no data.pkl');
  const folder = index.slice(0, -'data.pkl'.length);
  if (files[`${folder}constants.pkl`]) throw fail('it is a TorchScript program; save the state_dict instead');
  const order = files[`${folder}byteorder`];
  if (order && strFromU8(order).trim() !== 'little') throw fail('its numbers are big-endian');

  const storages = new Map<string, Storage>();
  let root: PickleValue;
  try {
    root = readPickle(files[index], {
      persistent: (id) => storageOf(id, folder, files, storages),
      call: (callee, args) => callTorch(callee, args),
    });
  } catch (error) {
    if (error instanceof PickleError) throw fail(error.message, error);
    // Text that is not UTF-8, an offset past the end: the file is damaged.
    throw fail('its index is damaged', error);
  }

  if (!(root instanceof PickleDict)) throw fail('it holds no dictionary of tensors');
  const nested = root.entries.get('state_dict');
  const state = nested instanceof PickleDict ? nested : root;
  const tensors = new Map<string, FloatTensor>();
  for (const [key, value] of state.entries) {
    if (!(value instanceof Tensor)) throw fail(`its entry ${key} is not a tensor`);
    const name = String(key);
    tensors.set(name.startsWith('module.') ? name.slice('module.'.length) : name, value);
  }
  if (tensors.size === 0) throw fail('it holds no tensors');
  return tensors;
}

/** `('storage', type, key, device, count)` → the values of `data/<key>`. */
function storageOf(
  id: PickleValue,
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
  storages: Map<string, Storage>,
): Storage {
  if (!Array.isArray(id) || id[0] !== 'storage') throw new PickleError('it refers to something other than a storage');
  const [, type, key, , count] = id;
  const path = (type as PickleGlobal).path;
  const kind = Object.hasOwn(STORAGES, path) ? STORAGES[path] : null;
  if (!kind) throw new PickleError(`it holds ${path}, and only floating-point numbers are read`);
  if (typeof key !== 'string' || typeof count !== 'number') throw new PickleError('its index is damaged');
  let storage = storages.get(key);
  if (!storage) {
    const bytes = files[`${folder}data/${key}`];
    if (!bytes || bytes.length < count * kind.bytes) throw new PickleError(`the values of storage ${key} are missing`);
    storage = new Storage(path, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    storages.set(key, storage);
  }
  return storage;
}

function callTorch(callee: PickleGlobal, args: readonly PickleValue[]): PickleValue {
  switch (callee.path) {
    case 'collections.OrderedDict':
      if (args.length) throw new PickleError('its index is damaged');
      return new PickleDict();
    case 'torch._utils._rebuild_tensor_v2':
      return rebuild(args);
    case 'torch._utils._rebuild_parameter':
      if (!(args[0] instanceof Tensor)) throw new PickleError('its index is damaged');
      return args[0];
    default:
      throw new PickleError(`it would call ${callee.path}`);
  }
}

/** (storage, offset, size, stride, …) → a tensor in row-major order. */
function rebuild(args: readonly PickleValue[]): Tensor {
  const [storage, offset, size, stride] = args;
  if (!(storage instanceof Storage) || !isCount(offset) || !isCounts(size) || !isCounts(stride)) {
    throw new PickleError('its index is damaged');
  }
  if (size.length !== stride.length) throw new PickleError('its index is damaged');
  const { bytes, read } = STORAGES[storage.type];
  const count = size.reduce((product, length) => product * length, 1);
  const last = offset + size.reduce((sum, length, axis) => sum + (length - 1) * stride[axis], 0);
  if (count > 0 && (last + 1) * bytes > storage.view.byteLength)
    throw new PickleError('a tensor reaches past its storage');
  // A stride of 0 repeats values, so the storage does not bound the count.
  if (count * 4 > MAX_BYTES) throw new PickleError('it unpacks to more than 512 MB');

  const data = new Float32Array(count);
  const position = size.map(() => 0);
  let at = offset;
  for (let i = 0; i < count; i++) {
    data[i] = read(storage.view, at * bytes);
    // Counts the position up like an odometer, last axis first, and moves `at` along.
    for (let axis = size.length - 1; axis >= 0; axis--) {
      at += stride[axis];
      if (++position[axis] < size[axis]) break;
      at -= size[axis] * stride[axis];
      position[axis] = 0;
    }
  }
  return new Tensor(size, data);
}

function isCount(value: PickleValue): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: PickleValue): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}
