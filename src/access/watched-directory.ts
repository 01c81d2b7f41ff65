// A directory that knows whether it was asked anything: answers of rules that never looked at it outlast its changes.
import type { EntryView } from "../entry/index.ts";
import type { Directory } from "./caller.ts";
import type { EntrySelector } from "./entry-selector.ts";

export class WatchedDirectory implements Directory {
  readonly #directory: Directory;
  wasAsked = false;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  find(normalDn: string): EntryView | undefined {
    this.wasAsked = true;
    return this.#directory.find(normalDn);
  }

  isMember(group: string, user: string): boolean {
    this.wasAsked = true;
    return this.#directory.isMember(group, user);
  }

  isMemberOfSelected(selector: EntrySelector, user: string): boolean {
    this.wasAsked = true;
    return this.#directory.isMemberOfSelected(selector, user);
  }
}
