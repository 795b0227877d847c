/**
 * BoringSSL's chain tests (`verify_certificate_chain_unittest`), read from its archive: a chain, what is asked of it, and which
 * certificate is wrong in which way. The format is told in the README beside them.
 */
import path from 'node:path'
import { instant, type Instant } from '../../../src/base/time.ts'

export interface ChainTest {
  /** `expired-root/not-after.test`. */
  readonly id: string
  /** PEM, end entity first. */
  readonly chain: string
  /** last_cert_trust: what the last certificate is trusted as. */
  readonly trust: string
  readonly at: Instant
  /** key_purpose. */
  readonly purpose: string
  /** digest_policy STRONG: no SHA-1. */
  readonly isStrong: boolean
  readonly errors: readonly ExpectedError[]
}

export interface ExpectedError {
  /** Position in the chain. */
  readonly index: number
  readonly text: string
}

const FOLDER = '/verify_certificate_chain_unittest/'

/** The first second of those certificates that say nothing about time. */
const DEFAULT_TIME = '211005120000Z'

export function readChainTests(files: ReadonlyMap<string, Uint8Array>): readonly ChainTest[] {
  const text = (name: string): string => Buffer.from(files.get(name) ?? []).toString('latin1')
  return [...files.keys()]
    .filter((name) => name.includes(FOLDER) && name.endsWith('.test'))
    .toSorted()
    .map((name) => {
      const [head = '', errors = ''] = text(name).split(/^expected_errors:.*$/m)
      const value = (key: string): string =>
        new RegExp(`^${key}: *(.*)$`, 'm').exec(head)?.[1]?.trim() ?? ''
      return {
        id: name.slice(name.indexOf(FOLDER) + FOLDER.length),
        chain: text(path.posix.join(path.posix.dirname(name), value('chain'))),
        trust: value('last_cert_trust'),
        at: timeOf(value('utc_time')),
        purpose: value('key_purpose'),
        isStrong: value('digest_policy') === 'STRONG',
        errors: readErrors(errors),
      }
    })
}

function timeOf(written: string): Instant {
  const digits = written === 'DEFAULT' ? DEFAULT_TIME : written
  const [year, month, day, hour, minute, second] = digits.match(/\d\d/g) ?? []
  return instant(`20${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

function readErrors(text: string): readonly ExpectedError[] {
  let index = -1
  return text.split('\n').flatMap((line): readonly ExpectedError[] => {
    const head = /^----- Certificate i=(\d+) /.exec(line)
    if (head !== null) index = Number(head[1])
    const error = /^ERROR: (.*)$/.exec(line)?.[1]
    return error === undefined ? [] : [{ index, text: error.trim() }]
  })
}
