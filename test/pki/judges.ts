/** Programs and data that nobody here wrote: required where SALLYPORT_JUDGES=required, otherwise their absence is a skip. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

const isRequired = process.env['SALLYPORT_JUDGES'] === 'required'

/** Undefined when OpenSSL's command line is here; else why the test is skipped. Throws where judges are required. */
export function missingOpenssl(): string | undefined {
  const version = spawnSync('openssl', ['version'], { encoding: 'utf8' })
  return version.status === 0 ? undefined : missing('openssl is not on the PATH')
}

/** A file of the shared test data. */
export const dataFile = (name: string): string =>
  path.resolve(process.env['SALLYPORT_DATA'] ?? '../shared/data', name)

/** Undefined when the file is here; else why the test is skipped. Throws where judges are required. */
export const missingData = (name: string): string | undefined =>
  existsSync(dataFile(name)) ? undefined : missing(`${name} is not in the test data`)

function missing(why: string): string {
  if (isRequired) throw new Error(`${why}, and SALLYPORT_JUDGES=required`)
  return why
}

/** Run OpenSSL's command line; both outputs in one text. */
export function openssl(...args: readonly string[]): { status: number | null; output: string } {
  const run = spawnSync('openssl', args, { encoding: 'utf8' })
  return { status: run.status, output: run.stdout + run.stderr }
}

/** Half of x509-limbo and a tenth of BetterTLS. */
export const LIMBO_FILE = 'x509/limbo-half.json.gz'

/** DER as PEM. */
export const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`
