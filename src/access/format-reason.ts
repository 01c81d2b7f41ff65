// Decisions as text, for logs, effective rights and tools that explain access.
import type { Decision } from "./access-evaluator.ts";

/** One line without a full stop. */
export function formatReason(decision: Decision): string {
  switch (decision.reason) {
    case "root":
      return "allowed to the root DN";
    case "none":
      return "no rule allows it";
    case "rule": {
      const { aci, holder } = decision.by;
      const verb = decision.allowed ? "allowed" : "denied";
      return `${verb} by aci "${aci.name}" at "${holder}"`;
    }
  }
}
