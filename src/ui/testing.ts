import type { ImageRecord } from '../project/document';
import type { OpenedImage } from '../worker/api';
import { createSession } from './session';

/** Test helpers: a session whose images need no worker, and a worker that answers when the test says so. */

/** A square photograph of training. */
export function imageOf(id: string, side = 4): ImageRecord {
  return {
    ...{ id, datasetId: 'd', name: `${id}.png`, path: `${id}.png`, width: side, height: side, bytes: 1 },
    ...{ thumbnail: null, split: 'train', label: 'good', masks: [] },
    source: { kind: 'url', url: `${id}.png`, sha256: 'a'.repeat(64) },
  };
}

/** A session, what controllers ask of their host besides, and opening another image by its id. */
export function sessionWithImages() {
  const session = createSession(null);
  const hostWith = <Worker>(worker: Worker) => ({
    session,
    worker,
    get image(): ImageRecord | null {
      const { imageId } = session.getState();
      return imageId === null ? null : imageOf(imageId);
    },
  });
  const open = (id: string) => {
    const { width, height } = imageOf(id);
    session.setState({ imageId: id });
    session.setState({ opened: { imageId: id, width, height } as OpenedImage, shown: null });
  };
  return { session, hostWith, open };
}

/** What has been asked, with the means to answer; each waits until the answer has taken its effect. */
export type Asked<Question, Answer> = Question & {
  answer(answer: Answer): Promise<void>;
  fail(error: unknown): Promise<void>;
};

/** Adds a question to those asked; its answer is to come. */
export function ask<Question, Answer>(asked: Asked<Question, Answer>[], question: Question): Promise<Answer> {
  return new Promise((resolve, reject) =>
    asked.push({
      ...question,
      answer: (answer) => (resolve(answer), settled()),
      fail: (error) => (reject(error as Error), settled()),
    }),
  );
}

/** Lets everything that has been answered take its effect. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
