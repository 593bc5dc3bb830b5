/** The entrance to WebGPU in this process. Kept, because Dawn lives only as long as it. */
let entrance: Promise<GPU> | null = null;

/**
 * WebGPU in Node through the package `webgpu` (Dawn), an optional dependency.
 * @throws Error where the package is not installed or does not run.
 */
export function openNodeGpu(): Promise<GPU> {
  entrance ??= loadDawn().catch((error: unknown) => {
    entrance = null;
    throw error;
  });
  return entrance;
}

async function loadDawn(): Promise<GPU> {
  const { create, globals } = await import('webgpu');
  // Error classes and flags that browsers have.
  Object.assign(globalThis, globals);
  return create(process.platform === 'linux' ? ['backend=vulkan'] : []);
}
