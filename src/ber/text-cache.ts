// Short texts that come again and again, such as names of attribute types, by their bytes: who reads one gets the very string that
// was read before, so that none is made and whoever looks it up finds its hash computed.

const SLOTS = 512;
/** Longer texts are not kept. */
const TEXT_BYTES_MAX = 64;
const HASH_FACTOR = 31;

export class TextCache {
  readonly #texts: (string | undefined)[] = Array.from({ length: SLOTS });

  /** The bytes in [start, end) as text, if they are ASCII and were kept. */
  find(bytes: Buffer, start: number, end: number): string | undefined {
    if (end - start > TEXT_BYTES_MAX) return undefined;
    const text = this.#texts[slotOf(bytes, start, end)];
    if (text === undefined || text.length !== end - start) return undefined;
    for (let i = 0; i < text.length; i += 1) {
      if (text.charCodeAt(i) !== bytes[start + i]) return undefined;
    }
    return text;
  }

  /** Keeps the text of the bytes in [start, end), in the place of another one. */
  keep(bytes: Buffer, start: number, end: number, text: string): void {
    if (end - start <= TEXT_BYTES_MAX) this.#texts[slotOf(bytes, start, end)] = text;
  }
}

function slotOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i += 1) hash = (Math.imul(hash, HASH_FACTOR) + bytes[i]!) | 0;
  return hash & (SLOTS - 1);
}
