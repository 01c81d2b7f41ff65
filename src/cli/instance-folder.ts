// Where an instance is looked for when nobody says where.

export const DEFAULT_FOLDER = "./var/concord";
