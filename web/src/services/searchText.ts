/** A value for the search language: quoted, so that no character of it ends it early or means anything. */
export const quoted = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
