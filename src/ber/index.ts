export type { FrameErrorKind } from "./ber-error.ts";
export { BerError, FrameError } from "./ber-error.ts";
export type { BerReaderOptions } from "./ber-reader.ts";
export { BerReader, NO_TAG } from "./ber-reader.ts";
export { BerWriter, elementSize, encodeBer, headerSize, integerSize } from "./ber-writer.ts";
export { FrameSplitter } from "./frame-splitter.ts";
export { BER_BYTES_MAX_DEFAULT, BER_DEPTH_MAX } from "./limits.ts";
export { TextCache } from "./text-cache.ts";
export {
  TAG_BOOLEAN,
  TAG_ENUMERATED,
  TAG_INTEGER,
  TAG_NULL,
  TAG_OCTET_STRING,
  TAG_SEQUENCE,
  TAG_SET,
  contextConstructedTag,
  contextTag,
} from "./tags.ts";
