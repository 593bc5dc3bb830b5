/** A name that every file system takes. @param otherwise where nothing of the text is left. */
export function fileName(text: string, otherwise: string): string {
  const name = text.replace(/[^\p{L}\p{N}._-]+/gu, ' ').trim();
  return name.replaceAll(' ', '-') || otherwise;
}
