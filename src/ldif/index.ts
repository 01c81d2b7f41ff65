export type { LdifReaderOptions } from "./ldif-reader.ts";
export { LdifReader, parseLdif } from "./ldif-reader.ts";
export type { LdifEncodeOptions } from "./ldif-writer.ts";
export { encodeLdifRecord, LDIF_FOLD_COLUMNS, LdifWriter } from "./ldif-writer.ts";
export { LDIF_LINE_BYTES_MAX, LDIF_RECORD_LINES_MAX } from "./limits.ts";
export type { ReadUrl } from "./parse-line.ts";
export type {
  LdifAddRecord,
  LdifChangeRecord,
  LdifContentRecord,
  LdifDeleteRecord,
  LdifInvalidRecord,
  LdifModifyDnRecord,
  LdifModifyRecord,
  LdifRecord,
} from "./record.ts";
export { LdifError } from "./record.ts";
