// The schema ahead of the data: a consumer that answers the requests of a supplier from a schema in memory. What is asked, pushed and
// learned; the push has the form of the captured one (message 85).
import { assert } from "chai";
import { SILENT_LOG } from "../../../../src/base/index.ts";
import { judgeCapabilities } from "../../../../src/link/index.ts";
import {
  MANAGE_DSA_IT_CONTROL,
  type Mod,
  type Request,
  type Response,
  SUCCESS,
  decodeRequest,
} from "../../../../src/protocol/index.ts";
import { type SchemaFacts, SchemaSharing } from "../../../../src/replication/thread/index.ts";
import { ConsumerLine } from "../../../../src/replication/thread/consumer-line.ts";
import {
  type DefinitionTexts,
  NO_SCHEMA_POLICY,
  loadSchema,
} from "../../../../src/schema/index.ts";
import { readCaptured } from "../../../support/captured-messages.ts";

const OLD = "00000001000000000000";
const NEW = "00000002000000000000";
const NEWEST = "00000003000000000000";
const SYNTAX = "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15";
const TYPES = [
  "( 2.5.4.0 NAME 'objectClass' SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )",
  `( 2.5.4.3 NAME 'cn' ${SYNTAX} )`,
];
const OURS = `( 1.1.1 NAME 'ours' ${SYNTAX} X-ORIGIN 'user defined' )`;
const THEIRS = `( 1.1.2 NAME 'theirs' ${SYNTAX} X-ORIGIN 'user defined' )`;
const CLASSES = ["( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )"];
const AREA = "( 1.1.3 NAME 'area' SYNTAX 1.3.6.1.4.1.1466.115.121.1.45 X-ORIGIN 'user defined' )";

class Consumer {
  texts: DefinitionTexts = { attributeTypes: TYPES, objectClasses: CLASSES };
  csn: string | undefined;
  vendor = "389 Project";
  isReadable = true;
  pushCode = 0;
  /** What was asked, in short. */
  readonly asked: string[] = [];
  mods: readonly Mod[] = [];

  line(): ConsumerLine {
    const link: ConsumerLine["link"] = {
      onLost: () => {},
      isWritable: true,
      whenWritable: () => Promise.resolve(),
      close: () => {},
      send: (request, controls, onAnswer) => {
        assert.deepEqual(controls, [MANAGE_DSA_IT_CONTROL]);
        for (const response of this.answer(request))
          onAnswer({ messageId: 1, response, controls: [] });
      },
    };
    return new ConsumerLine(link, judgeCapabilities([], []), SILENT_LOG);
  }

  private answer(request: Request): Response[] {
    if (request.type === "modify") {
      this.asked.push(`push ${request.mods.map(({ type }) => type).join(" ")}`);
      this.mods = request.mods;
      return [{ type: "modifyResponse", result: { ...SUCCESS, code: this.pushCode } }];
    }
    if (request.type !== "search") throw new Error(`a ${request.type} is not expected`);
    this.asked.push(`read ${request.base}: ${request.attributes.join(" ")}`);
    if (!this.isReadable) return [{ type: "searchDone", result: { ...SUCCESS, code: 1 } }];
    const attributes = request.attributes.flatMap((type) => {
      const values = this.values(type);
      return values.length === 0 ? [] : [{ type, values: values.map((text) => Buffer.from(text)) }];
    });
    return [
      { type: "searchEntry", dn: request.base, attributes },
      { type: "searchDone", result: SUCCESS },
    ];
  }

  private values(type: string): readonly string[] {
    if (type === "vendorname") return [this.vendor];
    if (type === "nsschemacsn") return this.csn === undefined ? [] : [this.csn];
    return type === "objectclasses" ? this.texts.objectClasses : this.texts.attributeTypes;
  }

  /** Texts of the push. */
  pushed(type: string): string[] {
    const mod = this.mods.find((one) => one.type === type);
    return (mod?.values ?? []).map((value) => value.toString());
  }
}

class Supplier {
  facts: SchemaFacts = { csn: NEW, mayLearn: true, policy: NO_SCHEMA_POLICY };
  texts: DefinitionTexts = { attributeTypes: [...TYPES, OURS], objectClasses: CLASSES };
  readonly learned: DefinitionTexts[] = [];
  readonly settled: string[] = [];
  readonly sharing: SchemaSharing;

  constructor(settledCsn?: string) {
    const port = {
      facts: () => this.facts,
      read: () => ({ schema: loadSchema([this.texts]), csn: this.facts.csn }),
      learn: (texts: DefinitionTexts) => {
        this.learned.push(texts);
        this.texts = {
          attributeTypes: [...this.texts.attributeTypes, ...texts.attributeTypes],
          objectClasses: [...this.texts.objectClasses, ...texts.objectClasses],
        };
        this.facts = { ...this.facts, csn: NEWEST };
        return Promise.resolve();
      },
      noteSettled: (csn: string) => void this.settled.push(csn),
    };
    this.sharing = new SchemaSharing(port, SILENT_LOG, settledCsn);
  }
}

const READ_CSN = "read cn=schema: nsschemacsn";
const READ_ALL = "read cn=schema: objectclasses attributetypes nsschemacsn";
const PUSH = [
  READ_CSN,
  READ_ALL,
  "read : vendorname",
  "push objectclasses attributetypes nsschemacsn",
];

suite("replication/thread: schema-sharing", () => {
  test("thread/schema-sharing: without a schema CSN nothing is asked", () => {
    const supplier = new Supplier();
    supplier.facts = { ...supplier.facts, csn: undefined };
    assert.isFalse(supplier.sharing.isDue);
    assert.isUndefined(supplier.sharing.share(new Consumer().line()));
  });

  test("thread/schema-sharing: a newer schema is pushed as a whole, as 389 does it", async () => {
    const supplier = new Supplier();
    const consumer = new Consumer();
    assert.isTrue(supplier.sharing.isDue);
    await supplier.sharing.share(consumer.line());
    assert.deepEqual(consumer.asked, PUSH);
    assert.deepEqual(consumer.pushed("objectclasses"), CLASSES);
    assert.deepEqual(consumer.pushed("attributetypes"), [...TYPES, OURS]);
    assert.deepEqual(consumer.pushed("nsschemacsn"), [NEW]);
    const { request } = decodeRequest(readCaptured("85-schema-push-modify-request"));
    assert.deepEqual(
      request.type === "modify" &&
        request.mods.map(({ operation, type }) => `${operation} ${type}`),
      consumer.mods.map(({ operation, type }) => `${operation} ${type}`),
    );
    assert.deepEqual(supplier.settled, [NEW]);
    assert.isFalse(supplier.sharing.isDue);
  });

  test("thread/schema-sharing: a consumer that has it is asked once on a connection", async () => {
    const supplier = new Supplier(OLD);
    const consumer = new Consumer();
    consumer.csn = NEW.toUpperCase();
    consumer.texts = supplier.texts;
    assert.isTrue(supplier.sharing.isDue);
    const line = consumer.line();
    await supplier.sharing.share(line);
    assert.isUndefined(supplier.sharing.share(line));
    assert.deepEqual(consumer.asked, [READ_CSN, READ_ALL]);
    await supplier.sharing.share(consumer.line());
    assert.deepEqual(consumer.asked, [READ_CSN, READ_ALL, READ_CSN]);
  });

  test("thread/schema-sharing: changes on both sides within one second are learned and pushed", async () => {
    const supplier = new Supplier(OLD);
    const consumer = new Consumer();
    consumer.csn = NEW;
    consumer.texts = { ...consumer.texts, attributeTypes: [...TYPES, THEIRS] };
    await supplier.sharing.share(consumer.line());
    assert.deepEqual(supplier.learned, [{ attributeTypes: [THEIRS], objectClasses: [] }]);
    assert.deepEqual(consumer.asked, PUSH);
    assert.sameMembers(consumer.pushed("attributetypes"), [...TYPES, OURS, THEIRS]);
  });

  test("thread/schema-sharing: what the consumer says more is learned before the push", async () => {
    const supplier = new Supplier();
    const consumer = new Consumer();
    consumer.csn = OLD;
    consumer.texts = { ...consumer.texts, attributeTypes: [...TYPES, THEIRS] };
    await supplier.sharing.share(consumer.line());
    assert.deepEqual(supplier.learned, [{ attributeTypes: [THEIRS], objectClasses: [] }]);
    assert.sameMembers(consumer.pushed("attributetypes"), [...TYPES, OURS, THEIRS]);
    assert.deepEqual(consumer.pushed("nsschemacsn"), [NEWEST]);
    assert.deepEqual(supplier.settled, [NEWEST]);
  });

  test("thread/schema-sharing: where learning is switched off the consumer keeps what is its own", async () => {
    const supplier = new Supplier();
    supplier.facts = { ...supplier.facts, mayLearn: false };
    const consumer = new Consumer();
    consumer.texts = { ...consumer.texts, attributeTypes: [...TYPES, THEIRS] };
    await supplier.sharing.share(consumer.line());
    assert.isEmpty(supplier.learned);
    assert.include(consumer.pushed("attributetypes"), THEIRS);
  });

  test("thread/schema-sharing: a definition that the policy rejects forbids the push", async () => {
    const supplier = new Supplier();
    const policy = { ...NO_SCHEMA_POLICY, rejectedTypes: ["theirs"] };
    supplier.facts = { ...supplier.facts, policy };
    const consumer = new Consumer();
    consumer.texts = { ...consumer.texts, attributeTypes: [...TYPES, THEIRS] };
    await supplier.sharing.share(consumer.line());
    assert.deepEqual(consumer.asked, [READ_CSN, READ_ALL]);
    assert.isEmpty(supplier.learned);
  });

  test("thread/schema-sharing: 389 is spared what it cannot take, Concord is not", async () => {
    for (const [vendor, expected] of [
      ["389 Project", [...TYPES, OURS]],
      ["Concord", [...TYPES, OURS, AREA]],
    ] satisfies [string, string[]][]) {
      const supplier = new Supplier();
      supplier.texts = { ...supplier.texts, attributeTypes: [...TYPES, OURS, AREA] };
      const consumer = new Consumer();
      consumer.vendor = vendor;
      await supplier.sharing.share(consumer.line());
      assert.deepEqual(consumer.pushed("attributetypes"), expected, vendor);
    }
  });

  test("thread/schema-sharing: a refusal is no reason to come back before the next connection", async () => {
    const supplier = new Supplier();
    const consumer = new Consumer();
    consumer.pushCode = 19;
    const line = consumer.line();
    await supplier.sharing.share(line);
    assert.isUndefined(supplier.sharing.share(line));
    assert.isFalse(supplier.sharing.isDue);
    await supplier.sharing.share(consumer.line());
    assert.lengthOf(consumer.asked, 2 * PUSH.length);
  });

  test("thread/schema-sharing: a connection that shows no schema leaves it to the next one", async () => {
    const supplier = new Supplier();
    const consumer = new Consumer();
    consumer.isReadable = false;
    const line = consumer.line();
    await supplier.sharing.share(line);
    assert.isUndefined(supplier.sharing.share(line));
    assert.isTrue(supplier.sharing.isDue);
    consumer.isReadable = true;
    await supplier.sharing.share(consumer.line());
    assert.deepEqual(consumer.asked, [READ_CSN, ...PUSH]);
  });

  test("thread/schema-sharing: another consumer starts anew", async () => {
    const supplier = new Supplier(NEW);
    assert.isFalse(supplier.sharing.isDue);
    supplier.sharing.forget();
    assert.isTrue(supplier.sharing.isDue);
  });
});
