// A backend as LDIF (RFC 2849), parents before children. Plain: what is shown, as 389's db2ldif writes it. With state: values
// with their CSNs in options, deleted values, tombstones, and the entry with the update vector behind that of the suffix, so
// that the file starts a replica, here or on 389 (db2ldif -r; conflict-resolution 3).
//
// The content is that of one moment if the whole generator is run within one turn of the event loop (see export-snapshot.ts), as
// it must be.
import type { Backend } from "./backend.ts";
import { type LdifExportOptions, VERSION_LINE } from "./export-options.ts";
import { PlainExport } from "./export-plain.ts";
import { StateExport } from "./export-state.ts";

/** Bytes after which a piece is handed out: few enough to lie in the processor's cache still when the system copies them (note 029). */
const PIECE_BYTES = 128 * 1024;

/** Pieces of the file; each is valid until the next one is asked for. */
export function* exportLdif(backend: Backend, options: LdifExportOptions): Generator<Buffer> {
  const run = options.withState
    ? new StateExport(backend, options)
    : new PlainExport(backend, options);
  const { writer } = run;
  if (options.withVersionLine ?? true) writer.writeText(VERSION_LINE);
  while (run.step()) {
    if (writer.length >= PIECE_BYTES) yield writer.lend();
  }
  if (writer.length > 0) yield writer.lend();
}
