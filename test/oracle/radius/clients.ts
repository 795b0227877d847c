/**
 * What both programs that play a RADIUS client are told and what they say: who asks, whom, and how the server decided.
 */
import { spawn } from 'node:child_process'

/** How a server decided, as the client saw it. */
export type Verdict = 'accept' | 'reject' | 'silence'

export interface Outcome {
  readonly verdict: Verdict
  /** Both sides came to the same keys; absent: none were due, or the program does not say. */
  readonly keysAgree?: boolean
  /** Version that was spoken outermost, as far as the program says: `1.2`. */
  readonly tls?: string
  /** Requests that were answered. */
  readonly roundTrips: number
  /** What the program printed, for whoever looks into a difference. */
  readonly log: string
}

/** A server as a client reaches it. */
export interface Target {
  readonly port: number
  readonly accountingPort: number
}

const LOG_CHARACTERS = 200_000

/** Run a program to its end; gives all that it printed. Rejects when it cannot be started. */
export function runProgram(
  program: string,
  args: readonly string[],
  input = '',
): Promise<{ readonly status: number | null; readonly log: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => void chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (status) =>
      resolve({ status, log: Buffer.concat(chunks).toString().slice(-LOG_CHARACTERS) }),
    )
    // A program that has no use for its input may be gone before it is written.
    child.stdin.once('error', () => undefined)
    child.stdin.end(input)
  })
}
