// Tasks that go over the entries of a subtree: one that looks for values that do not fit their syntax, one that gives entries the
// entryUUID that they lack (389: syntax validation and entryuuid fixup tasks). Both work in slices and leave the server free.
import { DnSyntaxError } from "../dn/index.ts";
import type { EntryView, StoredEntry } from "../entry/index.ts";
import { FilterSyntaxError, type Matcher, compileFilter, parseFilter } from "../filter/index.ts";
import { SERVER_DN } from "../config/index.ts";
import { FULL_ACCESS, type WriteEffects, newEntryUuid, runWrite } from "../operation/index.ts";
import { LdapError } from "../protocol/index.ts";
import { checkEntry } from "../schema/index.ts";
import type { Backend } from "../store/index.ts";
import type { FixupOrder, TaskProgress } from "../tasks/index.ts";
import type { Directory } from "./directory.ts";
import { writeSettings } from "./update-request.ts";

/** Entries looked at between two breaks. */
const SLICE_ENTRIES = 200;

type AfterWrite = (backend: Backend, effects: WriteEffects) => void;

/** Names every entry below the base that holds a value which its syntax does not allow.
 *  @throws LdapError noSuchObject, protocolError */
export async function validateSyntax(
  directory: Directory,
  order: FixupOrder,
  progress: TaskProgress,
): Promise<void> {
  let invalid = 0;
  progress.log(`Syntax validation task started (${order.baseDn})`);
  await overEntries(directory, order, progress, (_backend, entry) => {
    const fault = syntaxFault(directory, entry);
    if (fault === undefined) return;
    invalid += 1;
    progress.log(`Entry "${entry.dn}" violates attribute syntax: ${fault}`);
  });
  progress.log(`Syntax validation task finished: ${invalid} invalid entries`);
}

/** The values of an entry alone; what its classes allow is another question. */
function syntaxFault({ schema }: Directory, entry: StoredEntry): string | undefined {
  try {
    checkEntry(schema, entry.stored(), { schemaCheck: false, syntaxCheck: true });
    return undefined;
  } catch (error) {
    if (error instanceof LdapError) return error.message;
    throw error;
  }
}

/** Gives an entryUUID to the entries that have none: they came from a server that makes none.
 *  @throws LdapError noSuchObject, protocolError */
export async function addEntryUuids(
  directory: Directory,
  order: FixupOrder,
  { progress, afterWrite }: { readonly progress: TaskProgress; readonly afterWrite: AfterWrite },
): Promise<void> {
  let added = 0;
  const type = directory.schema.attributeType("entryUUID");
  await overEntries(directory, order, progress, async (backend, entry) => {
    if (entry.values(type).length > 0) return;
    await addEntryUuid(directory, backend, { entry, afterWrite });
    added += 1;
  });
  progress.log(`Finished: ${added} entries have an entryUUID now.`);
}

async function addEntryUuid(
  directory: Directory,
  backend: Backend,
  { entry, afterWrite }: { readonly entry: StoredEntry; readonly afterWrite: AfterWrite },
): Promise<void> {
  const { dn, uniqueId } = entry;
  const values = [Buffer.from(newEntryUuid(directory.random), "latin1")];
  await directory.queue.submit((writes) =>
    runWrite(
      backend,
      writes,
      {
        access: () => FULL_ACCESS,
        actor: { dn: SERVER_DN, isRoot: true },
        settings: writeSettings(directory),
        skew: { ignoreTimeSkew: directory.config.snapshot.server.ignoreTimeSkew },
        now: directory.clock.now(),
        random: directory.random,
      },
      (context) =>
        context.apply({
          type: "modify",
          csn: context.nextCsn(),
          uniqueId,
          dn,
          mods: [{ operation: "add", type: "entryUUID", values }],
        }),
      (effects) => afterWrite(backend, effects),
    ),
  );
}

/** Calls `step` for every live entry at or below the base that the filter matches. */
async function overEntries(
  directory: Directory,
  order: FixupOrder,
  progress: TaskProgress,
  step: (backend: Backend, entry: StoredEntry) => Promise<void> | void,
): Promise<void> {
  const base = normalBase(directory, order);
  const target = directory.route(base);
  const backend = target.kind === "suffix" ? target.backend : undefined;
  if (backend?.reader.idOfDn(base) === undefined) {
    throw new LdapError("noSuchObject", `There is no entry ${order.baseDn}`);
  }
  const matcher = makeMatcher(directory, order);
  const isBelow = (entry: EntryView): boolean =>
    entry.normalDn === base || entry.normalDn.endsWith(`,${base}`);
  const total = backend.tables.entry.count();
  let seen = 0;
  for (let from: number | undefined = 1; from !== undefined && !progress.isCanceled(); ) {
    directory.kv.renew();
    const ids = backend.reader.idsFrom(from, SLICE_ENTRIES);
    for (const id of ids) {
      const entry = backend.reader.entry(id);
      if (entry === undefined || !isBelow(entry) || matcher.matches(entry) !== true) continue;
      await step(backend, entry);
    }
    seen += ids.length;
    progress.items(seen, Math.max(seen, total));
    const last: number | undefined = ids.at(-1);
    from = last === undefined ? undefined : last + 1;
    await new Promise(setImmediate);
  }
}

function normalBase({ schema }: Directory, order: FixupOrder): string {
  try {
    return schema.normalizeDnText(order.baseDn);
  } catch (error) {
    if (error instanceof DnSyntaxError) throw new LdapError("invalidDnSyntax", error.message);
    throw error;
  }
}

function makeMatcher({ schema }: Directory, order: FixupOrder): Matcher {
  try {
    return compileFilter(parseFilter(order.filter), schema);
  } catch (error) {
    if (error instanceof FilterSyntaxError) throw new LdapError("protocolError", error.message);
    throw error;
  }
}
