export type { ValueState } from "./attribute-state.ts";
export { AttributeState } from "./attribute-state.ts";
export type { RdnValue, RenameEffect, ResolveDescription } from "./registers.ts";
export { Registers } from "./registers.ts";
export { isStateless } from "./stateless.ts";
