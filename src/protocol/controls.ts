// The list of controls of a message (RFC 4511 §4.1.11): A0 { 30 { 04 oid, 01 critical DEFAULT
// FALSE, 04 value? }* }.
import type { BerReader } from "../ber/index.ts";
import { BerError, TAG_BOOLEAN, TAG_OCTET_STRING, TAG_SEQUENCE, encodeBer } from "../ber/index.ts";
import type { BerWriter } from "../ber/index.ts";
import { CONTROLS_MAX } from "./limits.ts";
import type { Control } from "./messages.ts";
import { TAG_CONTROLS } from "./tags.ts";

export const NO_CONTROLS: readonly Control[] = [];

/** Reads the controls if they come next. @throws BerError also if a control occurs twice */
export function readControls(reader: BerReader): readonly Control[] {
  if (reader.peekTag() !== TAG_CONTROLS) return NO_CONTROLS;
  const controls: Control[] = [];
  reader.enter(TAG_CONTROLS);
  while (reader.hasMore()) {
    const start = reader.position;
    if (controls.length === CONTROLS_MAX) throw new BerError("too many controls", start);
    const control = readControl(reader);
    if (findControl(controls, control.oid) !== undefined) {
      throw new BerError(`control ${control.oid} occurs twice`, start);
    }
    controls.push(control);
  }
  reader.leave();
  return controls;
}

function readControl(reader: BerReader): Control {
  reader.enter(TAG_SEQUENCE);
  const oid = reader.readText();
  const critical = reader.peekTag() === TAG_BOOLEAN ? reader.readBoolean() : false;
  const value = reader.peekTag() === TAG_OCTET_STRING ? reader.readOctets() : undefined;
  reader.leave();
  return { oid, critical, value };
}

/** Writes nothing if there are none. */
export function writeControls(writer: BerWriter, controls: readonly Control[]): void {
  if (controls.length === 0) return;
  writer.start(TAG_CONTROLS);
  for (const control of controls) {
    writer.start();
    writer.writeText(control.oid);
    if (control.critical) writer.writeBoolean(true);
    if (control.value !== undefined) writer.writeOctets(control.value);
    writer.end();
  }
  writer.end();
}

/** The controls as they stand at the end of a message, for `writeSearchEntryHeader`; undefined if
 *  there are none. */
export function encodeControls(controls: readonly Control[]): Buffer | undefined {
  if (controls.length === 0) return undefined;
  return encodeBer((writer) => writeControls(writer, controls));
}

export function findControl(controls: readonly Control[], oid: string): Control | undefined {
  return controls.find((control) => control.oid === oid);
}
