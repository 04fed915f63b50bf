import type { RejectedRelease } from '../../protocol/index.ts'

/** Releases that no host may begin: one rejected them, or a person did. Only `deployments/` writes here. */
export interface RejectedRecords {
  /** The first reason stays. Answers whether it is new. */
  reject(release: RejectedRelease): Promise<boolean>
  /** False when it was not rejected. */
  lift(app: string, digest: string): Promise<boolean>
  /** Latest first, at most `limit`. */
  list(limit: number): Promise<RejectedRelease[]>
}
