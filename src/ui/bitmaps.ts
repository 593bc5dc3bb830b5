/** Frees the bitmaps among an object's values. */
export function closeBitmaps(holder: object): void {
  for (const value of Object.values(holder)) if (value instanceof ImageBitmap) value.close();
}
