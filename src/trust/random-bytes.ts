/** `length` unguessable bytes; `randomBytes` of node:crypto outside tests. */
export type RandomBytes = (length: number) => Buffer
