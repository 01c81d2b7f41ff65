import type { EntryView } from "../entry/index.ts";
import { referral } from "./search-handler.ts";
import type { Service } from "./service.ts";

/** An entry of a backend or of cn=config. */
export function findEntry(service: Service, normalDn: string): EntryView | undefined {
  const { directory } = service;
  const target = directory.route(normalDn);
  if (target.kind === "config") return directory.config.findStored(normalDn);
  if (target.kind !== "suffix" || target.backend === undefined) return undefined;
  if (target.suffix.state === "referral") throw referral(directory, target.suffix);
  return target.backend.reader.entryOfDn(normalDn);
}
