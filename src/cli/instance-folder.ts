// Where an instance is looked for when nobody says where.

const DEFAULT_FOLDER = "./var/concord";

export const defaultFolder = (): string => process.env["CONCORD_DIR"] ?? DEFAULT_FOLDER;
