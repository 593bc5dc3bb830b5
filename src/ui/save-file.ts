/** Saves a text as a file, where the browser puts downloads. */
export function saveText(name: string, type: string, text: string): void {
  saveBlob(name, new Blob([text], { type }));
}

export function saveBlob(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The download has its own hold on what it saves, but not before it has begun.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
