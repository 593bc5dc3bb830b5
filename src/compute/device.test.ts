import { afterAll, describe, expect, it } from 'vitest';
import { StudioError } from '../core/errors';
import { filledRaster } from '../core/raster';
import { describeAdapter, GpuContext, openDevice, type AdapterInfo, type GpuLoss, type OpenedDevice } from './device';
import { openTestGpu } from './testing';
import { createWebGpuBackend } from './webgpu';

type Info = Partial<GPUAdapterInfo>;

/** An entrance with one adapter of these properties, whose devices know what was asked for. */
function fakeGpu(info: Info, { features = [] as string[], fails = '' } = {}): GPU {
  const limits = new Proxy({}, { get: (_, name) => (name === 'maxBufferSize' ? 4e9 : 7) });
  return {
    requestAdapter: async () => ({
      info: { vendor: '', architecture: '', device: '', description: '', isFallbackAdapter: false, ...info },
      features: new Set(features),
      limits,
      requestDevice: async (descriptor: GPUDeviceDescriptor) => {
        if (fails) throw new Error(fails);
        return { descriptor };
      },
    }),
  } as unknown as GPU;
}

const asked = (opened: OpenedDevice) => (opened.device as unknown as { descriptor: GPUDeviceDescriptor }).descriptor;

describe('choosing a device', () => {
  it('takes a real GPU with all its limits and the features that runtimes use', async () => {
    const gpu = fakeGpu({ vendor: 'acme', description: 'Acme 9' }, { features: ['shader-f16', 'depth-clip-control'] });
    const opened = await openDevice({ gpu });
    expect(opened.reason).toBe('Computing on the GPU: Acme 9.');
    expect(opened.adapterInfo).toEqual({
      vendor: 'acme',
      architecture: '',
      device: '',
      description: 'Acme 9',
      software: false,
    });
    expect(asked(opened).requiredFeatures).toEqual(['shader-f16']);
    expect(asked(opened).requiredLimits).toMatchObject({ maxBufferSize: 4e9, maxStorageBufferBindingSize: 7 });
  });

  it.each<[string, Info]>([
    ['says so', { description: 'X', isFallbackAdapter: true }],
    ['is SwiftShader', { architecture: 'swiftshader' }],
    ['is llvmpipe', { description: 'llvmpipe (LLVM 15, 256 bits)' }],
    ['is the Basic Render Driver', { description: 'Microsoft Basic Render Driver' }],
  ])('counts an adapter that %s as no GPU, unless overridden', async (_, info) => {
    const auto = await openDevice({ gpu: fakeGpu(info) });
    expect(auto.device).toBeNull();
    expect(auto.adapterInfo?.software).toBe(true);
    expect(auto.reason).toMatch(/^Computing on the CPU: .* only imitates a GPU/);
    const chosen = await openDevice({ gpu: fakeGpu(info), choice: 'gpu' });
    expect(chosen.device).not.toBeNull();
    expect(chosen.reason).toMatch(/^Computing on the GPU: .*software.*as chosen/);
  });

  it('reads the fallback flag from its former place too', () => {
    const info = { vendor: '', architecture: '', device: '', description: 'Old' } as GPUAdapterInfo;
    expect(describeAdapter({ info, isFallbackAdapter: true } as never).software).toBe(true);
    expect(describeAdapter({ info }).software).toBe(false);
  });

  it('computes on the CPU when told to, without asking for an adapter', async () => {
    const gpu = { requestAdapter: () => expect.unreachable() } as unknown as GPU;
    expect(await openDevice({ gpu, choice: 'wasm' })).toEqual({
      device: null,
      adapterInfo: null,
      reason: 'Computing on the CPU, as chosen.',
    });
  });

  it('says why there is none', async () => {
    // Node has no navigator.gpu.
    expect((await openDevice()).reason).toMatch(/no WebGPU here/);
    expect((await openDevice({ gpu: { requestAdapter: async () => null } as unknown as GPU })).reason).toMatch(
      /found no GPU/,
    );
    const broken = { requestAdapter: () => Promise.reject(new Error('blocked')) } as unknown as GPU;
    expect((await openDevice({ gpu: broken })).reason).toMatch(/failed \(blocked\)/);
    const refusing = await openDevice({ gpu: fakeGpu({ description: 'Acme 9' }, { fails: 'too many' }) });
    expect(refusing.device).toBeNull();
    expect(refusing.reason).toMatch(/Acme 9 could not be opened \(too many\)/);
  });
});

const info: AdapterInfo = { vendor: '', architecture: '', device: '', description: 'test', software: true };

/** A device that can be lost at will. */
function fakeDevice() {
  let lose!: (loss: GpuLoss) => void;
  const lost = new Promise<GpuLoss>((resolve) => (lose = resolve));
  const device = Object.assign(new EventTarget(), {
    lost,
    queue: { onSubmittedWorkDone: async () => {} },
    destroy: () => lose({ reason: 'destroyed', message: '' }),
  }) as unknown as GPUDevice;
  return { device, lose: () => lose({ reason: 'unknown', message: 'driver reset' }) };
}

/** A context over fake devices. `refuse` makes the next openings fail. */
async function fakeContext() {
  const devices: ReturnType<typeof fakeDevice>[] = [];
  const disposed: GPUDevice[] = [];
  const state = { refuse: false };
  const { context } = await GpuContext.open({
    open: async () => {
      if (state.refuse) return { device: null, adapterInfo: null, reason: 'gone for good' };
      devices.push(fakeDevice());
      return { device: devices[devices.length - 1].device, adapterInfo: info, reason: '' };
    },
    build: async (device) => ({ device, dispose: () => void disposed.push(device) }),
  });
  if (!context) throw new Error('unreachable');
  return { context, devices, disposed, state };
}

describe('a GPU context', () => {
  it('is null without a device, with the reason', async () => {
    const opened: OpenedDevice = { device: null, adapterInfo: null, reason: 'none' };
    const result = await GpuContext.open({ open: async () => opened, build: () => expect.unreachable() });
    expect(result).toEqual({ context: null, opened });
  });

  it('repeats a job that lost its device on a new one, and tells of the loss', async () => {
    const { context, devices, disposed } = await fakeContext();
    const losses: GpuLoss[] = [];
    context.onLost((loss) => losses.push(loss));
    const used: GPUDevice[] = [];
    const value = await context.run(async (_, device) => {
      used.push(device);
      if (used.length === 1) {
        devices[0].lose();
        throw new Error('some trouble without a code');
      }
      return 42;
    });
    expect(value).toBe(42);
    expect(used).toEqual([devices[0].device, devices[1].device]);
    expect(disposed).toEqual([devices[0].device]);
    expect(losses).toEqual([{ reason: 'unknown', message: 'driver reset' }]);
  });

  it('repeats a job that waits for something the lost device will never give', async () => {
    const { context, devices } = await fakeContext();
    let runs = 0;
    const value = await context.run(() => {
      if (++runs === 2) return Promise.resolve('done');
      devices[0].lose();
      return new Promise<string>(() => {});
    });
    expect([value, runs]).toEqual(['done', 2]);
  });

  it('does not trust a result that a lost device made', async () => {
    const { context, devices } = await fakeContext();
    let runs = 0;
    const value = await context.run(async () => {
      if (++runs === 1) devices[0].lose();
      return runs;
    });
    expect(value).toBe(2);
  });

  it('reports a second loss', async () => {
    const { context, devices } = await fakeContext();
    let runs = 0;
    const job = context.run(async () => {
      devices[runs++].lose();
    });
    await expect(job).rejects.toBeInstanceOf(StudioError);
    await expect(job).rejects.toMatchObject({
      code: 'device-lost',
      message: expect.stringMatching(/driver reset.*CPU/),
    });
    expect(runs).toBe(2);
    // The next job finds a third device.
    expect(await context.run(async () => 'fine')).toBe('fine');
    expect(devices).toHaveLength(3);
  });

  it('reports when no device is to be had, and tries anew for the next job', async () => {
    const { context, devices, state } = await fakeContext();
    state.refuse = true;
    devices[0].lose();
    const error = await context.run(() => devices[0].device.lost.then(() => 'never')).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'device-lost', cause: { message: 'gone for good' } });
    await expect(context.run(async () => 'still none')).rejects.toMatchObject({ code: 'device-lost' });
    state.refuse = false;
    expect(await context.run(async () => 'back')).toBe('back');
  });

  it('passes other failures on at once', async () => {
    const { context } = await fakeContext();
    let runs = 0;
    const job = context.run(async () => {
      runs++;
      throw new StudioError('bad-weights', 'model', 'No.');
    });
    await expect(job).rejects.toMatchObject({ code: 'bad-weights' });
    expect(runs).toBe(1);
  });

  it('lets jobs that ran at the same time share one new device', async () => {
    const { context, devices } = await fakeContext();
    const attempts = [0, 0, 0];
    const jobs = attempts.map((_, i) =>
      context.run((_r, device) => {
        if (attempts[i]++ === 0) return new Promise<GPUDevice>(() => {});
        return Promise.resolve(device);
      }),
    );
    devices[0].lose();
    expect(await Promise.all(jobs)).toEqual([devices[1].device, devices[1].device, devices[1].device]);
    expect(devices).toHaveLength(2);
  });

  it('does not start a cancelled job', async () => {
    const { context } = await fakeContext();
    const job = context.run(() => expect.unreachable(), AbortSignal.abort());
    await expect(job).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('passes uncaught errors on, until told to stop', async () => {
    const { context, devices } = await fakeContext();
    const errors: unknown[] = [];
    const stop = context.onError((error) => errors.push(error));
    const event = () => Object.assign(new Event('uncapturederror'), { error: 'E' });
    devices[0].device.dispatchEvent(event());
    stop();
    devices[0].device.dispatchEvent(event());
    expect(errors).toEqual(['E']);
  });

  it('destroys everything once disposed of, without calling that a loss', async () => {
    const { context, devices, disposed } = await fakeContext();
    context.onLost(() => expect.unreachable());
    const waiting = context.run(() => new Promise<never>(() => {}));
    await context.dispose();
    await context.dispose();
    await expect(waiting).rejects.toMatchObject({ code: 'device-lost' });
    await expect(context.run(async () => 1)).rejects.toMatchObject({ code: 'device-lost' });
    expect(disposed).toEqual([devices[0].device]);
    expect(devices).toHaveLength(1);
  });
});

const gpu = await openTestGpu();

describe.skipIf(!gpu)('a GPU context on a real device', () => {
  const opening = GpuContext.open({
    open: () => openDevice({ gpu: gpu as GPU, choice: 'gpu' }),
    build: (device) => createWebGpuBackend(device),
  });
  afterAll(async () => {
    await (await opening).context?.dispose();
  });

  it('finishes a job whose device is destroyed under it', async () => {
    const { context } = await opening;
    let attempt = 0;
    const result = await context?.run(async (backend, device) => {
      const raster = backend.upload(filledRaster(16, 16, 0.25));
      const doubled = backend.affineValues(raster, 2, 0, 0, 1);
      if (attempt++ === 0) device.destroy();
      return backend.download(doubled);
    });
    expect(attempt).toBe(2);
    expect(result?.data).toEqual(new Float32Array(256).fill(0.5));
  });
});
