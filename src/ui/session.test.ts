import { describe, expect, it } from 'vitest';
import { createSession, FRESH_SESSION } from './session';

function memory(initial?: string) {
  let text: string | null = initial ?? null;
  return { getItem: () => text, setItem: (_: string, value: string) => void (text = value), read: () => text };
}

describe('session', () => {
  it('comes back in the same browser, without what belongs to the moment', () => {
    const storage = memory();
    createSession(storage).setState({ page: 'synthesize', imageId: 'a', busy: true, wipe: 0.2, tool: 'brush' });
    const again = createSession(storage).getState();
    expect(again).toMatchObject({ page: 'synthesize', imageId: 'a', tool: 'brush', busy: false, wipe: 0.5 });
  });

  it.each(['', '{', '[]', 'null', '{"layers": {"photo": 3}, "brush": null, "page": 7, "imageId": 9}'])(
    'starts fresh from damaged storage: %s',
    (text) => expect(createSession(memory(text)).getState()).toEqual(FRESH_SESSION),
  );

  it('works without storage, and with one that refuses', () => {
    createSession(null).setState({ page: 'export' });
    const refusing = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    };
    const session = createSession(refusing);
    session.setState({ page: 'export' });
    expect(session.getState().page).toBe('export');
  });
});
