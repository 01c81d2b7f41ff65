// What operations ask of access control; AccessEvaluator answers.
import type { AccessEvaluator } from "../access/index.ts";

export type Access = Pick<
  AccessEvaluator,
  "mayAttribute" | "mayChange" | "mayEntry" | "mayMove" | "mayReturn"
>;
