interface SavePicker {
  showSaveFilePicker?(options: {
    suggestedName: string;
    types: { description: string; accept: Record<string, string[]> }[];
  }): Promise<FileSystemFileHandle>;
}

/**
 * Saves a stream as a file. Where the browser can write to the disk, chunk by chunk to the file that is asked for
 * first; elsewhere through a temporary file of the origin's private storage, so that neither way holds it in memory.
 *
 * @param open makes the stream; called once it is certain that there is a place for it
 * @returns false if the person closed the dialog
 */
export async function saveStream(name: string, open: () => Promise<ReadableStream<Uint8Array>>): Promise<boolean> {
  const { showSaveFilePicker } = window as SavePicker;
  if (showSaveFilePicker) {
    let handle: FileSystemFileHandle;
    try {
      handle = await showSaveFilePicker.call(window, {
        suggestedName: name,
        types: [{ description: 'Zip archive', accept: { 'application/zip': ['.zip'] } }],
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return false;
      throw error;
    }
    // The file takes its new content only when the stream closes; an error leaves what was there.
    await (await open()).pipeTo(await handle.createWritable());
    return true;
  }
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle('export.zip', { create: true });
  try {
    await (await open()).pipeTo(await handle.createWritable());
  } catch (error) {
    await folder.removeEntry('export.zip').catch(() => undefined);
    throw error;
  }
  const address = URL.createObjectURL(await handle.getFile());
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  return true;
}
