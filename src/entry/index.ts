export type { Attribute, AttributeDescription, EntryView } from "./entry-view.ts";
