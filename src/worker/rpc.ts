import { transferHandlers, type TransferHandler } from 'comlink';
import { errorFromReport, reportOf, type ErrorReport } from '../core/errors';

/**
 * Lets a `StudioError` cross the worker boundary with its code, stage and sentence; Comlink alone would keep the message
 * only. Both sides call it before the first message.
 */
export function keepErrorsWhole(): void {
  const original = transferHandlers.get('throw');
  if (!original) throw new Error('Comlink no longer has a handler for thrown values.');
  const handler: TransferHandler<{ value: unknown }, ErrorReport> = {
    canHandle: (value): value is { value: unknown } => original.canHandle(value),
    serialize: ({ value }) => {
      // The stack stays where it arose; only the console of that side can show it.
      if (!(value instanceof Error && value.name === 'StudioError')) console.error(value);
      return [reportOf(value, 'compute'), []];
    },
    deserialize: (report) => {
      throw errorFromReport(report);
    },
  };
  transferHandlers.set('throw', handler);
}
