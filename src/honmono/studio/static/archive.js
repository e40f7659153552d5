// A folder of the visitor's as a ZIP archive, for an upload. It is not compressed, since pictures are already.

const MOST_FILES = 65_535; // that this form of ZIP holds
const UTF8_NAMES = 0x0800;
const DATE = 0x0021; // 1980-01-01, so that equal folders make equal archives

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function checksum(bytes) {
  let value = -1;
  for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}

// All files below a dropped folder, as [path in the folder, file].
export async function filesIn(folder, path = "") {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // at most 100 of them
    if (!some.length) return found;
    for (const one of some) {
      const inside = `${path}${one.name}`;
      if (one.isDirectory) found.push(...(await filesIn(one, `${inside}/`)));
      else found.push([inside, await new Promise((resolve, reject) => one.file(resolve, reject))]);
    }
  }
}

// Numbers of 2 and 4 bytes, little-endian, from [bytes, number] each.
function packed(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, number] of fields) {
    if (size === 2) view.setUint16(at, number, true);
    else view.setUint32(at, number, true);
    at += size;
  }
  return view;
}

// The archive of files, each [path, file]. most: bytes that it may have.
export async function zipped(name, files, most) {
  const size = files.reduce((sum, [, file]) => sum + file.size, 0);
  if (size > most) throw new Error(`${name} is larger than ${most} bytes: copy it into the folder of data`);
  if (files.length > MOST_FILES) throw new Error(`${name} has more than ${MOST_FILES} files: copy it into the folder of data`);
  const [parts, directory] = [[], []];
  let offset = 0;
  for (const [path, file] of files) {
    const bytes = new TextEncoder().encode(path);
    const sum = checksum(new Uint8Array(await file.arrayBuffer()));
    const about = [[2, 20], [2, UTF8_NAMES], [2, 0], [2, 0], [2, DATE], [4, sum], [4, file.size], [4, file.size], [2, bytes.length], [2, 0]];
    const head = packed([4, 0x04034b50], ...about);
    parts.push(head, bytes, file);
    directory.push(packed([4, 0x02014b50], [2, 20], ...about, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), bytes);
    offset += head.byteLength + bytes.length + file.size;
  }
  const length = directory.reduce((sum, one) => sum + one.byteLength, 0);
  const end = packed([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, length], [4, offset], [2, 0]);
  return new File([...parts, ...directory, end], `${name}.zip`);
}
