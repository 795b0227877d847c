/**
 * `sallyport read`: what a capture of a real dial says happened. Holds when every dial in it came to its tunnel. Not a lab: no topology is loaded, and
 * nothing is sent anywhere.
 */
import { readFileSync, statSync } from 'node:fs'
import { CAUSES } from '../diagnose/capture/causes.ts'
import { renderCapture } from '../diagnose/capture/render.ts'
import {
  diagnoseCapture,
  type CapturedDial,
  type CaptureReport,
} from '../diagnose/capture/report.ts'
import { shownPath } from '../topology/files.ts'
import { err, ok, type Result } from '../base/result.ts'
import { refused, type Answer } from './answer.ts'
import type { Terminal } from './terminal.ts'

/** A file is read as a whole; a dial is a few hundred packets. */
const BYTES_MAX = 1024 ** 3

export function read(file: string, { canvas }: Terminal): Answer {
  const bytes = bytesOf(file)
  const report = bytes.ok ? diagnoseCapture(bytes.value) : bytes
  const shown = shownPath(file)
  if (!report.ok) return refused({ file: shown, message: report.error })
  return {
    kind: 'answered',
    holds: hold(report.value),
    document: documentOf(shown, report.value),
    lines: renderCapture(shown, report.value, canvas),
  }
}

function bytesOf(file: string): Result<Uint8Array, string> {
  if (/\.etl$/i.test(file)) {
    return err(
      'is a trace of Windows: make pcapng of it first, with  pktmon etl2pcap  or  etl2pcapng',
    )
  }
  try {
    const { size } = statSync(file)
    if (size > BYTES_MAX) {
      return err(`has ${size} bytes, more than 1 GiB: cut it, such as with  editcap -A and -B`)
    }
    return ok(readFileSync(file))
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === undefined) throw thrown
    return err(code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`)
  }
}

const hold = ({ dials }: CaptureReport): boolean =>
  dials.length > 0 && dials.every(({ outcome }) => outcome === 'connected')

const outcomeOf = ({ dials }: CaptureReport): CapturedDial['outcome'] =>
  (['failed', 'unfinished'] as const).find((each) =>
    dials.some(({ outcome }) => outcome === each),
  ) ?? (dials.length > 0 ? 'connected' : 'unfinished')

/** For scripts: with the names that `connect` has, of the first dial that failed. */
function documentOf(file: string, report: CaptureReport) {
  const failed = report.dials.filter(({ outcome }) => outcome === 'failed')
  return {
    file,
    outcome: outcomeOf(report),
    errorCode: failed[0]?.windows[0]?.code ?? null,
    phase: failed[0]?.phase ?? null,
    diagnosis: failed.flatMap(({ cause, gateway }) =>
      cause === undefined
        ? []
        : [
            {
              code: `capture/${cause}`,
              at: gateway,
              message: CAUSES[cause].text,
              fix: CAUSES[cause].fix[0],
            },
          ],
    ),
    ...report,
  }
}
