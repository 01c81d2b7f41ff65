export { IdList } from "./id-list.ts";
export { IndexBuilder } from "./index-builder.ts";
export type { IndexDefinition, IndexKind } from "./index-key.ts";
export { keysOf } from "./index-keys.ts";
export type { Plan, PlanLimits } from "./plan.ts";
export { planCandidates } from "./plan.ts";
export type { CatalogIndex, IndexCatalog, ItemFilter } from "./plan-leaf.ts";
export { clearIndex, updateIndex } from "./update-index.ts";
