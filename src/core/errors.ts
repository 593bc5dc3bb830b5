/** What kind of trouble; the code is stable, so that callers and tests can tell troubles apart without reading prose. */
export type ErrorCode =
  | 'not-an-image'
  | 'empty-file'
  | 'truncated-image'
  | 'unsupported-image'
  | 'image-too-large'
  | 'image-too-small'
  | 'no-images'
  | 'duplicate-image'
  | 'file-vanished'
  | 'bad-layout'
  | 'bad-mask'
  | 'bad-map'
  | 'bad-config'
  | 'bad-recipe'
  | 'bad-project'
  | 'bad-weights'
  | 'bad-checkpoint'
  | 'altered-weights'
  | 'missing-weights'
  | 'model-failed'
  | 'no-webgpu'
  | 'device-lost'
  | 'out-of-memory'
  | 'storage-full'
  | 'storage-failed'
  | 'cancelled'
  | 'bad-argument'
  | 'internal';

/** The stage of the pipeline in which it happened. */
export type ErrorStage =
  | 'import'
  | 'decode'
  | 'model'
  | 'compute'
  | 'synthesis'
  | 'evaluation'
  | 'training'
  | 'storage'
  | 'export'
  | 'cli'
  | 'ui';

/**
 * An expected failure. `message` is a sentence for the person: it names the file, if there is one, and says what to do.
 */
export class StudioError extends Error {
  override readonly name = 'StudioError';

  constructor(
    readonly code: ErrorCode,
    readonly stage: ErrorStage,
    message: string,
    options: { cause?: unknown; file?: string } = {},
  ) {
    super(message, { cause: options.cause });
    this.file = options.file;
  }

  readonly file: string | undefined;
}

/** A `StudioError` as plain data, for crossing a worker boundary (class identity does not survive structured clone). */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly stage: ErrorStage;
  readonly message: string;
  readonly file?: string;
}

/** Anything thrown → a report; an unexpected error keeps its text and gets the code `internal`. */
export function reportOf(error: unknown, stage: ErrorStage): ErrorReport {
  if (error instanceof StudioError) {
    return { code: error.code, stage: error.stage, message: error.message, file: error.file };
  }
  if (error instanceof DOMException && error.name === 'AbortError') {
    return { code: 'cancelled', stage, message: 'Cancelled.' };
  }
  return { code: 'internal', stage, message: error instanceof Error ? error.message : String(error) };
}

export function errorFromReport(report: ErrorReport): StudioError {
  return new StudioError(report.code, report.stage, report.message, { file: report.file });
}

/** @throws StudioError `cancelled` once the signal is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined, stage: ErrorStage): void {
  if (signal?.aborted) throw new StudioError('cancelled', stage, 'Cancelled.');
}
