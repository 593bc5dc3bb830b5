/** How files of anomaly maps end. */
export const MAP_ENDINGS = ['.tiff', '.tif', '.npy'] as const;
export type MapEnding = (typeof MAP_ENDINGS)[number];

/** Null where a file does not look like an anomaly map. */
export function mapEnding(path: string): MapEnding | null {
  return MAP_ENDINGS.find((ending) => path.endsWith(ending)) ?? null;
}
