import { AppError } from '../../errors/index.ts'
import { describeEnd, run } from '../../system/index.ts'

export interface AwsCommand {
  /** The aws CLI: its path, or a name on PATH. */
  readonly program: string
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Told what it printed. */
  readonly output: (text: string) => void
}

/**
 * Has the aws CLI copy an object to a file. What it may do is the CLI's own matter.
 * @throws AppError `origin-refused` for what is no object, `command-failed` when the CLI cannot be started,
 * `download-failed` when it did not copy.
 */
export async function fetchS3(url: string, path: string, aws: AwsCommand): Promise<void> {
  assertObject(url)
  const { program, env, signal } = aws
  const result = await run([program, 's3', 'cp', url, path], { env, signal })
  signal.throwIfAborted()
  aws.output(`${result.stdout}${result.stderr}`)
  if (result.status === 0) return
  throw new AppError('download-failed', `${program} ${describeEnd(result)}`, {
    output: result.stderr,
  })
}

/** Anything else would be an option or a file of this machine to the CLI. */
function assertObject(url: string): void {
  if (s3Object.test(url)) return
  throw new AppError('origin-refused', `${JSON.stringify(url)} is not an object of S3`, {
    hint: 'write s3://bucket/key',
  })
}

const bucket = '[A-Za-z0-9][A-Za-z0-9._-]{0,254}'
const accessPoint = String.raw`arn:aws[a-z-]*:s3[a-z-]*:[a-z0-9-]*:\d{12}:accesspoint[/:][a-z0-9-]+`
const s3Object = new RegExp(String.raw`^s3://(${bucket}|${accessPoint})/[^\p{Cc}]{1,1024}$`, 'u')
