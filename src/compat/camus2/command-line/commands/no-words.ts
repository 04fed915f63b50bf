/** For commands that take neither arguments nor options. */
export const noWords = { arguments: [], options: [] } as const
