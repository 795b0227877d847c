/**
 * eapol_test (wpa_supplicant) as a judge: an EAP peer behind a RADIUS client. It says whether it was let in, and whether the keys agree.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Compiled } from '../../../src/lab/compile.ts'
import type { Certificate } from '../../../src/pki/certificate/certificate.ts'
import { runProgram, type Outcome, type Target, type Verdict } from './clients.ts'
import { SERVER } from './freeradius.ts'
import { CLIENTS, onLoopback } from './topology.ts'

/** What wpa_supplicant.conf says of a network; text is put in quotes. `certificate`: one of the laptop's, by name. */
export interface EapolCase {
  readonly program: 'eapol_test'
  readonly from?: string
  readonly secret?: string
  readonly network: Readonly<Record<string, string | number>>
  /** Certificate outside, and the one inside of PEAP. */
  readonly certificate?: string
  readonly innerCertificate?: string
  /** Key of the authority that the peer trusts; default the root. `none`: it looks at no certificate. */
  readonly trusts?: string
  /** Default 5, Virtual (VPN). */
  readonly nasPortType?: number
  /** The version of TLS that must come about; absent: any. */
  readonly tls?: '1.2' | '1.3'
  /** Further attributes, as eapol_test writes them: `32:s:gateway`. */
  readonly attributes?: readonly string[]
  /** Seconds after which no answer is silence. */
  readonly patience?: number
}

/** A machine may be busy. */
const PATIENCE_SECONDS = 30

const pem = (der: Uint8Array, label = 'CERTIFICATE'): string =>
  [
    `-----BEGIN ${label}-----`,
    ...(Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []),
    `-----END ${label}-----`,
    '',
  ].join('\n')

/** Write the laptop's certificates and keys, and the authorities', where eapol_test finds them. */
export function writeCredentials({ pki, topology, start }: Compiled, directory: string): void {
  mkdirSync(directory, { recursive: true })
  const write = (name: string, text: string): void =>
    writeFileSync(path.join(directory, name), text, { mode: 0o600 })
  const laptop = topology.nodes['laptop']
  const listed = laptop?.kind === 'host' ? (laptop.certificates ?? []) : []
  for (const { name } of listed) {
    const held = pki.certificate('laptop', name, start)
    if (held === undefined) throw new Error(`the laptop was denied '${name}'`)
    const chain: readonly Certificate[] = [held.certificate, ...held.chain]
    write(`${name}.pem`, chain.map(({ der }) => pem(der)).join(''))
    write(`${name}.key`, held.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  }
  for (const key of Object.keys(topology.authorities)) {
    write(`ca-${key}.pem`, pem(pki.authority(key)!.certificate.der))
  }
}

const IDENTITY = ['client_cert', 'private_key'] as const

/** A password in hexadecimal: a quote before a number sign would make the rest of the line a comment. */
function valueOf(key: string, value: string | number): string | number {
  if (typeof value === 'number' || key === 'eap') return value
  return key === 'password' ? Buffer.from(value).toString('hex') : `"${value}"`
}

function configuration(test: EapolCase, credentials: string): string {
  const at = (name: string): string => path.join(credentials, name)
  const { certificate, innerCertificate, trusts = 'rootCa' } = test
  const files: Record<string, string> = {}
  for (const [name, suffix] of [
    [certificate, ''],
    [innerCertificate, '2'],
  ] as const) {
    if (name === undefined) continue
    files[`${IDENTITY[0]}${suffix}`] = at(`${name}.pem`)
    files[`${IDENTITY[1]}${suffix}`] = at(`${name}.key`)
    if (trusts !== 'none') files[`ca_cert${suffix}`] = at(`ca-${trusts}.pem`)
  }
  if (trusts !== 'none') files['ca_cert'] = at(`ca-${trusts}.pem`)
  const items = { ssid: 'oracle', ...files, ...test.network }
  return [
    'network={',
    'key_mgmt=WPA-EAP',
    ...Object.entries(items).map(([key, value]) => `${key}=${valueOf(key, value)}`),
    '}',
    '',
  ].join('\n')
}

export interface EapolRun {
  /** A folder of the case's own. */
  readonly directory: string
  /** Where {@link writeCredentials} wrote. */
  readonly credentials: string
  readonly secret: string
  /** Acct-Session-Id of its requests. */
  readonly session: string
}

/** Run one case against a server. */
export async function runEapol(test: EapolCase, target: Target, run: EapolRun): Promise<Outcome> {
  mkdirSync(run.directory, { recursive: true })
  const file = path.join(run.directory, 'network.conf')
  writeFileSync(file, configuration(test, run.credentials), { mode: 0o600 })
  const attributes = [
    `61:d:${test.nasPortType ?? 5}`,
    `44:s:${run.session}`,
    ...(test.attributes ?? []),
  ]
  const { log } = await runProgram('eapol_test', [
    `-c${file}`,
    `-a${SERVER}`,
    `-p${target.port}`,
    `-s${test.secret ?? run.secret}`,
    `-A${onLoopback(test.from ?? CLIENTS.gateway)}`,
    `-t${test.patience ?? PATIENCE_SECONDS}`,
    ...attributes.map((attribute) => `-N${attribute}`),
  ])
  return outcomeOf(log)
}

const TLS_VERSION = /SSL: Using TLS version TLSv(\S+)/g
const RECEIVED = /^RADIUS message: code=(\d+) /gm
const ACCEPT = '2'
const REJECT = '3'

function verdictOf(last: string | undefined): Verdict {
  if (last === ACCEPT) return 'accept'
  return last === REJECT ? 'reject' : 'silence'
}

function outcomeOf(log: string): Outcome {
  // It prints what it sends in the same words; answers are the codes that only a server sends.
  const answers = [...log.matchAll(RECEIVED)]
    .map(([, code]) => code!)
    .filter((code) => code !== '1')
  const verdict = verdictOf(answers.at(-1))
  const tls = [...log.matchAll(TLS_VERSION)].at(-1)?.[1]
  const keys = /MPPE keys OK: (\d+) {2}mismatch: (\d+)/.exec(log)
  return {
    verdict,
    ...(verdict === 'accept' && {
      keysAgree: Number(keys?.[1] ?? 0) > 0 && keys?.[2] === '0' && /^SUCCESS$/m.test(log),
    }),
    ...(tls !== undefined && { tls }),
    roundTrips: answers.length,
    log,
  }
}
