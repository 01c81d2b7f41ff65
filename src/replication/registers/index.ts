export type { ValueState } from "./attribute-state.ts";
export { AttributeState } from "./attribute-state.ts";
export type { JoinedRegisters } from "./join.ts";
export { joinRegisters } from "./join.ts";
export { PackedReader, PackedWriter } from "./packed.ts";
export type { RdnValue, RenameEffect, ResolveDescription } from "./registers.ts";
export { Registers } from "./registers.ts";
export { isStateless } from "./stateless.ts";
export { unstatedAttributes } from "./unstated.ts";
export type { DescriptionSource } from "./stored-form.ts";
export { decodeRegisters, encodeRegisters, encodeZeroRegisters } from "./stored-form.ts";
export type { LineState } from "./replicated-form.ts";
export {
  StateCollector,
  formatEntryState,
  fromReplicatedAttributes,
  parseStateDescription,
  toReplicatedAttribute,
  toReplicatedAttributes,
} from "./replicated-form.ts";
