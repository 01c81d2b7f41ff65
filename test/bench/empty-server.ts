// A server that does nothing but answer: for `npm run bench -- limits`, as a process of its own. It reads sockets as Concord does, finds
// the ends of requests and the number of the user in them, and sends an answer of the usual size with that number in it. No
// database, no rules, no names, no log. What it costs is what Node and the system take for requests and answers.
//
// The first line on stdout is the port. Of the requests of load.c it knows binds, compares, and searches that name a user and find that
// one; any other ends it.
import { TAG_SEARCH_REQUEST } from "../../src/protocol/tags.ts";
import { listenBare } from "./bare-listener.ts";
import { entryOf, requestOf } from "./bare-messages.ts";
import { NAME_TEMPLATE } from "./people.ts";

const NAME_START = NAME_TEMPLATE.replace(/#+$/, "");
const NAME_BYTES = NAME_TEMPLATE.length;

const entryTemplate = entryOf(NAME_TEMPLATE, "");
const NAME_PLACES = [
  entryTemplate.indexOf(NAME_TEMPLATE),
  entryTemplate.lastIndexOf(NAME_TEMPLATE),
] as const;

listenBare((message, answers) => {
  const request = requestOf(message);
  if (request.tag === TAG_SEARCH_REQUEST) {
    const name = message.indexOf(NAME_START);
    if (name < 0) throw new Error("the search does not name a user");
    answers.addEntry(request.id, entryTemplate.length, (bytes, at) => {
      bytes.set(entryTemplate, at);
      for (const place of NAME_PLACES) message.copy(bytes, at + place, name, name + NAME_BYTES);
    });
  }
  answers.addResult(request);
});
