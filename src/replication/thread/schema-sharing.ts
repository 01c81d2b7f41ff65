// The schema goes ahead of the data (389: repl5_connection.c, conn_push_schema; replication-protocol 10): after Start, and before
// the session sends anything, the consumer's schema is compared with ours if ours is newer. What the consumer's says more is
// learned here first; then all of it is pushed by one modify. A schema that cannot be pushed never stops a session.
//
// Whether ours is newer is told by nsSchemaCSN. It is read once on each connection, so that a consumer that was set up anew is
// found out. It counts seconds: two servers whose schemas were changed in the same second have one CSN and two schemas (389 pushes
// neither), so that the first time it is equal the definitions are compared. Without a schema CSN of our own (nobody has changed the
// schema) nothing is sent at all.
import type { Log } from "../../base/index.ts";
import {
  type DefinitionTexts,
  type ReadDefinitions,
  type Schema,
  type SchemaPolicy,
  definitionsToPush,
  findRicher,
  forbidsPush,
  isEmptySet,
  mayLose,
  readDefinitions,
  textsOf,
} from "../../schema/index.ts";
import type { ConsumerLine } from "./consumer-line.ts";

const SCHEMA_DN = "cn=schema";
/** Its definitions come in three attributes of one search; 389 asks for one at a time (see also schema-view.ts of the server). */
const DEFINITION_ATTRIBUTES = ["objectclasses", "attributetypes", "nsschemacsn"];
const CONCORD = "Concord";

/** What the main thread tells of the schema, at the start and whenever it has changed. */
export interface SchemaFacts {
  /** nsSchemaCSN; undefined: the schema is as it was shipped. */
  readonly csn: string | undefined;
  /** nsslapd-schemareplace is not off. */
  readonly mayLearn: boolean;
  /** cn=supplierUpdatePolicy. */
  readonly policy: SchemaPolicy;
}

export interface OwnSchema {
  readonly schema: Schema;
  readonly csn: string | undefined;
}

/** The schema of this server. */
export interface SchemaPort {
  facts(): SchemaFacts;
  /** As it is stored now. */
  read(): OwnSchema;
  /** Hands definitions to the main thread; resolves when the stored schema has what it could take of them. */
  learn(texts: DefinitionTexts): Promise<void>;
  /** The consumer's schema is as new as this CSN of ours, or cannot be brought there: kept over a restart. */
  noteSettled(csn: string): void;
}

export class SchemaSharing {
  private readonly port: SchemaPort;
  private readonly log: Log;
  /** The newest CSN of ours that the consumer has seen. */
  private settledCsn: string | undefined;
  /** That of the connection, on which a schema CSN was read. */
  private known: { readonly line: ConsumerLine; readonly csn: string } | undefined;

  constructor(port: SchemaPort, log: Log, settledCsn: string | undefined) {
    this.port = port;
    this.log = log;
    this.settledCsn = settledCsn;
  }

  /** Whether a session is worth while for the schema alone. */
  get isDue(): boolean {
    const { csn } = this.port.facts();
    return csn !== undefined && (this.settledCsn === undefined || this.settledCsn < csn);
  }

  /** The consumer may be another one. */
  forget(): void {
    this.settledCsn = undefined;
    this.known = undefined;
  }

  /** Brings the schema of the consumer up to ours; undefined: there is nothing to do. Never rejects; does not resolve when the
   *  connection is lost. */
  share(line: ConsumerLine): Promise<void> | undefined {
    const { csn } = this.port.facts();
    if (csn === undefined) return undefined;
    if (this.known?.line === line && this.known.csn >= csn) return undefined;
    return this.run(line, csn);
  }

  private async run(line: ConsumerLine, csn: string): Promise<void> {
    const stamps = await line.read(SCHEMA_DN, ["nsschemacsn"]);
    if (stamps === undefined) {
      // As on the connection of a total initialization to 389; the next connection tries again.
      this.log.debug("agreement.schema.unreadable", {});
      this.known = { line, csn };
      return;
    }
    const remote = stamps.get("nsschemacsn")?.[0]?.toLowerCase();
    if (remote === undefined || remote < csn) await this.replace(line, "always");
    else if (remote === csn && this.settledCsn !== csn) await this.replace(line, "ifPoorer");
    const settled = this.port.facts().csn ?? csn;
    this.known = { line, csn: settled };
    this.settledCsn = settled;
    this.port.noteSettled(settled);
  }

  /** `ifPoorer`: only if the consumer lacks definitions of ours. */
  private async replace(line: ConsumerLine, when: "always" | "ifPoorer"): Promise<void> {
    const values = await line.read(SCHEMA_DN, DEFINITION_ATTRIBUTES);
    if (values === undefined) return;
    const consumer = readDefinitions({
      objectClasses: values.get("objectclasses") ?? [],
      attributeTypes: values.get("attributetypes") ?? [],
    });
    const own = await this.learn(consumer);
    if (own?.csn === undefined) return;
    if (when === "ifPoorer" && isEmptySet(findRicher(consumer.set, own.schema.definitions))) return;
    const vendor = await line.read("", ["vendorname"]);
    const { policy } = this.port.facts();
    const texts = definitionsToPush(own.schema, consumer, {
      is389: vendor?.get("vendorname")?.[0] !== CONCORD,
      mayLose: (definition) => mayLose(definition, policy),
    });
    const result = await line.replace(SCHEMA_DN, [
      ["objectclasses", texts.objectClasses],
      ["attributetypes", texts.attributeTypes],
      ["nsschemacsn", [own.csn]],
    ]);
    const { code, message } = result;
    if (code === 0) this.log.info("agreement.schema.pushed", { csn: own.csn });
    else this.log.warn("agreement.schema.refused", { csn: own.csn, code, message });
  }

  /** Our schema when it has what the consumer's says more; undefined: there must be no push. */
  private async learn(consumer: ReadDefinitions): Promise<OwnSchema | undefined> {
    const { policy, mayLearn } = this.port.facts();
    const own = this.port.read();
    const richer = findRicher(own.schema.definitions, consumer.set, {
      counts: (definition) => !mayLose(definition, policy),
    });
    if (isEmptySet(richer)) return own;
    const counts = {
      objectClasses: richer.objectClasses.length,
      attributeTypes: richer.attributeTypes.length,
    };
    if (forbidsPush(richer, policy)) {
      this.log.info("agreement.schema.rejected", counts);
      return undefined;
    }
    // What cannot be learned goes back to the consumer as it came: nothing is lost by the push.
    if (!mayLearn) return own;
    this.log.info("agreement.schema.learned", counts);
    await this.port.learn(textsOf(consumer, richer));
    return this.port.read();
  }
}
