/**
 * Checks unpacked zip entries against the CRC-32 that the zip's directory holds for each; fflate unpacks without
 * looking at them. Record layouts: PKWARE's APPNOTE, sections 4.3.12 and 4.3.16.
 */

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_LENGTH = 22;
const ENTRY_LENGTH = 46;

/**
 * @param zip the whole file.
 * @param files what was unpacked from it, by name.
 * @returns the name of the first entry that differs from its checksum or is missing, or null if all are as they were.
 */
export function checkZipSums(zip: Uint8Array, files: Readonly<Record<string, Uint8Array>>): string | null {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  // A comment of up to 65535 bytes may follow the end record.
  let end = zip.length - END_LENGTH;
  while (end >= 0 && view.getUint32(end, true) !== END_OF_DIRECTORY) end--;
  if (end < 0) return '(directory)';
  const entries = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const text = new TextDecoder();
  for (let i = 0; i < entries; i++) {
    if (at + ENTRY_LENGTH > zip.length || view.getUint32(at, true) !== DIRECTORY_ENTRY) return '(directory)';
    const nameLength = view.getUint16(at + 28, true);
    const name = text.decode(zip.subarray(at + ENTRY_LENGTH, at + ENTRY_LENGTH + nameLength));
    const content = Object.hasOwn(files, name) ? files[name] : null;
    if (!content || crc32(content) !== view.getUint32(at + 16, true)) return name;
    at += ENTRY_LENGTH + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return null;
}

/** CRC-32 of ISO 3309 (reflected polynomial 0xEDB88320), as in zip and PNG. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ bytes[i]) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
