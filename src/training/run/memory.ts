import { StudioError } from '../../core/errors';

/** What runtimes say when an allocation fails: V8, SpiderMonkey, JavaScriptCore, WebGPU. */
const WORDS = /out of memory|allocation (failed|size overflow)|array buffer allocation|invalid (typed )?array length/i;

/** Whether the error says that memory did not suffice. */
export function isOutOfMemory(error: unknown): boolean {
  if (error instanceof StudioError) return error.code === 'out-of-memory';
  if (!(error instanceof Error)) return false;
  return error.name === 'GPUOutOfMemoryError' || WORDS.test(error.message);
}
