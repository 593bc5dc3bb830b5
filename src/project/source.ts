import { z } from 'zod';

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Where the bytes of an image are: in a blob store, or part of the app (the demo set). */
export const imageSourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('blob'), sha256 }),
  z.strictObject({ kind: z.literal('url'), url: z.string(), sha256 }),
]);
export type ImageSource = z.infer<typeof imageSourceSchema>;
