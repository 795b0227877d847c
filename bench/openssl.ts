/**
 * OpenSSL's command line as a peer: the same chains, the same CRLs, the same demands.
 * A process for each chain would measure its start, and one process for all the searching of its store, so chains go in batches.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { JUDGED_AT, type IssuedChain } from './issued-chains.ts'
import { clock, median } from './measure.ts'

/** Of 10, 25, 50, 100, 250 and 500 chains a process OpenSSL 3.0 was fastest with this many. */
const BATCH = 250

export interface PeerSpeed {
  readonly perSecond: number
  /** Chains a process. */
  readonly batch: number
}

/** Undefined where OpenSSL is not on the PATH. Fails when OpenSSL refuses a chain. */
export function timeOpenssl(chains: readonly IssuedChain[], runs: number): PeerSpeed | undefined {
  if (spawnSync('openssl', ['version']).status !== 0) return undefined
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-openssl-'))
  try {
    const commands: (readonly string[])[] = []
    for (let at = 0; at < chains.length; at += BATCH) {
      commands.push(commandFor(chains.slice(at, at + BATCH), path.join(folder, String(at))))
    }
    const times = Array.from({ length: runs }, () => {
      const begin = clock()
      for (const command of commands) {
        const { status, stderr } = spawnSync('openssl', command, { encoding: 'utf8' })
        if (status !== 0) throw new Error(`openssl refuses a chain: ${stderr}`)
      }
      return clock() - begin
    })
    return { perSecond: chains.length / median(times), batch: BATCH }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * Roots and issuing authorities go into the store, where they are found by name; below `-untrusted` OpenSSL would look at each in
 * turn. Without `-partial_chain` a chain must reach a root all the same.
 */
function commandFor(chains: readonly IssuedChain[], prefix: string): readonly string[] {
  const file = (name: string, ...contents: readonly string[]): string => {
    const target = `${prefix}-${name}.pem`
    writeFileSync(target, contents.join(''))
    return target
  }
  const authorities = chains.flatMap(({ root, issuing }) => [root, issuing])
  const crls = chains.flatMap(({ rootCrl, issuingCrl }) => [rootCrl, issuingCrl])
  return [
    'verify',
    '-x509_strict',
    '-no-CApath',
    '-no-CAstore',
    '-purpose=sslserver',
    '-crl_check_all',
    `-attime=${JUDGED_AT / 1e6}`,
    `-CAfile=${file('authorities', ...authorities.map((der) => pem('CERTIFICATE', der)))}`,
    `-CRLfile=${file('crls', ...crls.map((der) => pem('X509 CRL', der)))}`,
    ...chains.map(({ leaf }, i) => file(`leaf${i}`, pem('CERTIFICATE', leaf))),
  ]
}

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`

/** RSA-2048 signatures that OpenSSL checks a second, by its own measure. */
export function opensslSpeed(): { readonly opensslChecksPerSecond?: number } {
  const { status, stdout } = spawnSync('openssl', ['speed', '-seconds', '1', 'rsa2048'], {
    encoding: 'utf8',
  })
  const last = status === 0 ? /([\d.]+)\s*$/.exec(stdout)?.[1] : undefined
  return last === undefined ? {} : { opensslChecksPerSecond: Math.round(Number(last)) }
}
