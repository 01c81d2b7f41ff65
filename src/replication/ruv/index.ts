export type { Ruv, RuvElement, RuvVerdict } from "./ruv.ts";
export {
  advanceRuv,
  commonMaxCsns,
  compareRuv,
  coversCsn,
  findElement,
  hasChangesFor,
  makeRuv,
  mergeRuv,
  ruvMaxCsn,
  withKnown,
  withOwnElement,
  withPurls,
  withSupplier,
  withoutReplica,
} from "./ruv.ts";
export {
  RUV_ELEMENTS_MAX,
  RUV_VALUE_CHARS_MAX,
  decodeRuv,
  encodeRuv,
  formatLastModified,
  formatRuv,
  formatRuvElement,
  parseRuv,
  parseRuvElement,
} from "./ruv-text.ts";
