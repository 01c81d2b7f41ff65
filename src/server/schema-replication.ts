// The schema between servers (replication-protocol 10): what agreements are told of ours, what they learn for us, what suppliers
// push. A schema counts for everybody as soon as it is stored.
import type { LdapResult } from "../protocol/index.ts";
import { LdapError, type ModifyRequest, SUCCESS, type SearchRequest } from "../protocol/index.ts";
import type { SchemaFacts } from "../replication/thread/index.ts";
import type { DefinitionTexts, Schema, SchemaPolicy } from "../schema/index.ts";
import type { ConfigKeeper } from "./config-handler.ts";
import type { Directory } from "./directory.ts";
import type { SchemaKeeper } from "./schema-keeper.ts";

/** modifiersName of what was learned (389's name, which other servers know). */
const PLUGIN_DN = "cn=Multisupplier Replication Plugin,cn=plugins,cn=config";
const SUPPLIER_POLICY = "cn=supplierupdatepolicy,cn=replschema,cn=config";
const CONSUMER_POLICY = "cn=consumerupdatepolicy,cn=replschema,cn=config";
/** 389's text; its suppliers go on after this result. */
const SUPERSET = "Replace is not possible, local consumer schema is a superset of the supplier";

export interface SchemaReplicationParts {
  readonly directory: Directory;
  readonly schemaKeeper: SchemaKeeper;
  readonly configKeeper: ConfigKeeper;
  /** Makes the schema the one in force everywhere. */
  readonly useSchema: (schema: Schema) => Promise<void>;
}

export class SchemaReplication {
  readonly #parts: SchemaReplicationParts;

  constructor(parts: SchemaReplicationParts) {
    this.#parts = parts;
  }

  /** For the threads of agreements. */
  facts(): SchemaFacts {
    return {
      csn: this.#parts.schemaKeeper.stamp.schemaCsn,
      mayLearn: this.#mayReplace,
      policy: this.#policy(SUPPLIER_POLICY),
    };
  }

  /** Takes over what a consumer's schema says more. */
  async learn(texts: DefinitionTexts): Promise<SchemaFacts> {
    const { schemaKeeper } = this.#parts;
    if (this.#mayReplace) {
      await this.#change(async (now) => schemaKeeper.learn(texts, { dn: PLUGIN_DN, now }));
    }
    return this.facts();
  }

  /** The modify of cn=schema by which a supplier pushes its schema.
   *  @throws LdapError unwillingToPerform for anything else */
  async receive(request: ModifyRequest, supplierDn: string): Promise<LdapResult> {
    const { schemaKeeper, directory } = this.#parts;
    if (!this.#mayReplace) {
      throw new LdapError("unwillingToPerform", "The schema is not replaced by suppliers here");
    }
    const policy = this.#policy(CONSUMER_POLICY);
    let isAccepted = false;
    await this.#change(async (now) => {
      const outcome = schemaKeeper.receive(request.mods, { dn: supplierDn, now, policy });
      ({ isAccepted } = outcome);
      return outcome.isChanged;
    });
    const { schemaCsn } = schemaKeeper.stamp;
    directory.log.info("schema.push.received", { supplierDn, isAccepted, schemaCsn });
    return isAccepted ? SUCCESS : new LdapError("constraintViolation", SUPERSET).result();
  }

  /** `step` tells whether the stored schema is another one. */
  async #change(
    step: (now: ReturnType<Directory["clock"]["now"]>) => Promise<boolean>,
  ): Promise<void> {
    const { configKeeper, directory, schemaKeeper, useSchema } = this.#parts;
    await configKeeper.exclusively(async () => {
      const isChanged = await step(directory.clock.now());
      if (isChanged) await useSchema(schemaKeeper.schema);
    });
  }

  get #mayReplace(): boolean {
    return this.#parts.directory.config.snapshot.server.schemaReplace !== "off";
  }

  #policy(normalDn: string): SchemaPolicy {
    const entry = this.#parts.directory.config.find(normalDn);
    const texts = (name: string): readonly string[] =>
      (entry?.values(this.#parts.directory.schema.attributeType(name)) ?? []).map((value) =>
        value.toString("utf8"),
      );
    return {
      acceptedTypes: texts("schemaUpdateAttributeAccept"),
      acceptedClasses: texts("schemaUpdateObjectclassAccept"),
      rejectedTypes: texts("schemaUpdateAttributeReject"),
      rejectedClasses: texts("schemaUpdateObjectclassReject"),
    };
  }
}

/** Whether a supplier that is 389 reads our schema: it asks for one attribute at a time, Concord for all that it needs. */
export function isReadBy389({ attributes }: SearchRequest): boolean {
  const [only] = attributes;
  return (
    attributes.length === 1 &&
    ["objectclasses", "attributetypes"].includes(only?.toLowerCase() ?? "")
  );
}
