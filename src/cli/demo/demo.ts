// `concord demo`.
export async function runDemo(): Promise<void> {}
