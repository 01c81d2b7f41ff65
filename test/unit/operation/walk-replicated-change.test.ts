// The walk of one change from the server that took it to another, as docs/ARCHITECTURE.md shows it: the second session of an
// agreement, over a connection that stands. Supplier and consumer are servers of their own, traced apart and then merged.
import { SAMPLE, modifyMail } from "../../support/walk-sample.ts";
import { SUPPLIER_DN, WalkAgreement } from "../../support/walk-agreement.ts";
import { WalkClient } from "../../support/walk-client.ts";
import { WalkServer, identity } from "../../support/walk-server.ts";
import { WalkTrace, checkWalk, mergeWalks } from "../../support/walk-trace.ts";

suite("operation/replicated-change", () => {
  test("operation/replicated-change: the walk of a replicated change is the one that is told", async () => {
    const [here, there] = [new WalkTrace("supplier"), new WalkTrace("consumer")];
    const supplier = new WalkServer(here);
    await supplier.open(SAMPLE);
    await supplier.replicate(1, SUPPLIER_DN);
    const consumer = new WalkServer(there);
    await consumer.open(SAMPLE);
    await consumer.replicate(2, SUPPLIER_DN, supplier.generation);
    const agreement = new WalkAgreement(supplier, consumer, here);
    await agreement.start();
    const ann = identity("uid=ann,ou=people,dc=example,dc=com");
    await new WalkClient(supplier, here, ann).request(modifyMail("ann"));
    here.isOn = true;
    there.isOn = true;
    await agreement.changesAvailable();
    const title = "A modification on its way from the supplier that took it to a consumer.";
    checkWalk("walk-replicated-change", title, mergeWalks(here.lines, there.lines));
  });
});
