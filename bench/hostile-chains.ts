/**
 * Chains that somebody built to keep a relying party busy: what the longest of them costs, from its bytes to the verdict.
 * Not a conformance suite: what each must come out as is tested with the others.
 */
import { existsSync } from 'node:fs'
import { utf8 } from '../src/base/bytes.ts'
import { after, days } from '../src/base/time.ts'
import { readCertificate } from '../src/pki/certificate/certificate.ts'
import * as write from '../src/pki/encoding/der-writer.ts'
import { TAG } from '../src/pki/encoding/der.ts'
import * as extend from '../src/pki/certificate/extension-writer.ts'
import type { Extension } from '../src/pki/certificate/extensions.ts'
import { writeTbsCertificate } from '../src/pki/certificate/forge.ts'
import { poolKey } from '../src/pki/keys/key-pool.ts'
import { NAME_COMPARISONS_MAX } from '../src/pki/path/name-constraints.ts'
import { encodeName } from '../src/pki/certificate/name.ts'
import { ATTRIBUTE_OIDS, EKU_OIDS, OID } from '../src/pki/encoding/oids.ts'
import { judgeChain, SIGNATURE_CHECKS_MAX } from '../src/pki/path/path.ts'
import { STRICT } from '../src/pki/profile/profiles.ts'
import { NO_CRLS } from '../src/pki/revocation/revocation.ts'
import { signSha256Rsa } from '../src/pki/keys/signature.ts'
import { readSuite } from '../test/oracle/options.ts'
import { judgeCase } from '../test/oracle/x509/judge.ts'
import { limboSuite, type LimboCase } from '../test/oracle/x509/suite.ts'
import { dataFile, LIMBO_FILE } from '../test/pki/judges.ts'
import { JUDGED_AT } from './issued-chains.ts'
import { clock, median, round } from './measure.ts'

export interface HostileTime {
  readonly id: string
  /** Median. */
  readonly milliseconds: number
}

/** All of them, the slowest first; those of x509-limbo only where the suite is at hand. */
export function timeHostile(runs: number): readonly HostileTime[] {
  const judges = new Map<string, () => unknown>(
    [...builtHere()].map(([id, chain]) => [id, () => judge(chain)]),
  )
  for (const limbo of limboCases()) {
    if (limbo.id.startsWith('pathological::')) judges.set(limbo.id, () => judgeCase(limbo, STRICT))
  }
  const times = [...judges].map(([id, run]) => {
    const seconds = Array.from({ length: runs }, () => {
      const begin = clock()
      run()
      return clock() - begin
    })
    return { id, milliseconds: round(median(seconds) * 1e3) }
  })
  return times.toSorted((a, b) => b.milliseconds - a.milliseconds)
}

function limboCases(): readonly LimboCase[] {
  const file = dataFile(LIMBO_FILE)
  if (!existsSync(file)) return []
  const suite = readSuite(file, limboSuite)
  if (!suite.ok) throw new Error(suite.error)
  return suite.value.testcases
}

/** DER, the end entity first, the root last; the others are sent along. */
type Chain = readonly Uint8Array[]

function judge(chain: Chain): void {
  const certificates = chain.map((der) => {
    const read = readCertificate(der)
    if (!read.ok) throw new Error(JSON.stringify(read.error))
    return read.value
  })
  judgeChain({
    leaf: certificates[0]!,
    sent: certificates.slice(1, -1),
    intermediates: [],
    anchors: certificates.slice(-1),
    at: JUDGED_AT,
    profile: { ...STRICT, revocation: 'none' },
    crls: NO_CRLS,
  })
}

const ROOT = 'root'
const ISSUING = 'issuing'

function builtHere(): ReadonlyMap<string, Chain> {
  const root = issue({ subject: ROOT, issuer: ROOT, extensions: authority() })
  // As many comparisons as are made before a path is given up, and none that ends them early.
  const count = Math.floor(Math.sqrt(NAME_COMPARISONS_MAX)) - 1
  const constrained = (form: (host: string) => Uint8Array): Chain => {
    const names = (label: string): readonly Uint8Array[] =>
      Array.from({ length: count }, (_, i) => form(`${label}${i}.example`))
    const barred = excluded(names('barred'))
    return [
      endEntity(extend.subjectAltName(names('host'))),
      issue({ subject: ISSUING, issuer: ROOT, extensions: [...authority(), barred] }),
      root,
    ]
  }
  const usual = Uint8Array.of(1, 0, 1)
  const long = new Uint8Array(384).fill(0x3f)
  return new Map([
    ['name constraints on hosts', constrained(extend.dnsName)],
    ['name constraints on mailboxes', constrained((host) => mailbox(`ada@${host}`))],
    ['policies, each mapped to each', [...policyLadder(), root]],
    ['one name, many keys', [...namesakes(256, usual), root]],
    ['one name, many large keys', [...namesakes(2048, long.subarray(0, 8)), root]],
    ['one name, many large exponents', [...namesakes(384, long), root]],
  ])
}

interface Order {
  readonly subject: string
  readonly issuer: string
  readonly extensions: readonly Extension[]
  readonly serial?: number
  readonly spki?: Uint8Array
  /** Absent: the issuer's. */
  readonly signature?: Uint8Array
}

/** A name is a label, too: of a key in the pool. */
const keysOf = (name: string) => poolKey(name.length % 16)

function issue(order: Order): Uint8Array {
  const { subject, issuer, extensions, serial = 1, spki = keysOf(subject).spki } = order
  const tbs = writeTbsCertificate({
    serial: Uint8Array.of(0x40, serial >> 8, serial & 0xff),
    issuer: nameOf(issuer),
    subject: nameOf(subject),
    notBefore: JUDGED_AT,
    notAfter: after(JUDGED_AT, days(365)),
    spki,
    extensions: [
      ...extensions,
      extend.subjectKeyIdentifier(utf8(subject)),
      extend.authorityKeyIdentifier(utf8(issuer)),
    ],
  })
  const algorithm = write.sequence(write.oid(OID.sha256WithRSAEncryption), write.nullElement())
  const signature = order.signature ?? signSha256Rsa(tbs, keysOf(issuer).privateKey)
  return write.sequence(tbs, algorithm, write.bitString(signature))
}

const nameOf = (commonName: string): Uint8Array =>
  encodeName([{ type: ATTRIBUTE_OIDS.CN, value: commonName }])

const authority = (): readonly Extension[] => [
  extend.basicConstraints(),
  extend.keyUsage('keyCertSign', 'cRLSign'),
]

const endEntity = (...extensions: readonly Extension[]): Uint8Array =>
  issue({ subject: 'end entity', issuer: ISSUING, extensions: [serverAuth, ...extensions] })

const serverAuth = extend.extKeyUsage([EKU_OIDS.serverAuth])

/** An rfc822Name. */
const mailbox = (value: string): Uint8Array => write.element(0x81, utf8(value))

/** nameConstraints with excludedSubtrees alone. */
const excluded = (bases: readonly Uint8Array[]): Extension => ({
  oid: OID.nameConstraints,
  critical: true,
  value: write.sequence(write.explicit(1, ...bases.map((base) => write.sequence(base)))),
})

/** Ten authorities in a row, each with 30 policies of which each is mapped to all. */
function policyLadder(): Chain {
  const policies = Array.from({ length: 30 }, (_, i) => write.oid(`1.2.3.${i}`))
  const held: Extension = {
    oid: OID.certificatePolicies,
    critical: false,
    value: write.sequence(...policies.map((policy) => write.sequence(policy))),
  }
  const mapped: Extension = {
    oid: OID.policyMappings,
    critical: false,
    value: write.sequence(
      ...policies.flatMap((from) => policies.map((to) => write.sequence(from, to))),
    ),
  }
  const rungs = [ISSUING, ...Array.from({ length: 9 }, (_, i) => `rung ${i}`)]
  return [
    endEntity(held),
    ...rungs.map((subject, i) =>
      issue({ subject, issuer: rungs[i + 1] ?? ROOT, extensions: [...authority(), held, mapped] }),
    ),
  ]
}

/**
 * An end entity and more namesakes of its issuer than are tried, with the right key identifier and each with a key of its own. None of
 * them signed anything, but the signature is as long as theirs would be: a shorter one would be refused at once.
 */
function namesakes(bytes: number, exponent: Uint8Array): Chain {
  const signature = new Uint8Array(bytes).fill(0x3c)
  const leaf = { subject: 'end entity', issuer: ISSUING, extensions: [serverAuth], signature }
  const authorities = Array.from({ length: SIGNATURE_CHECKS_MAX + 1 }, (_, serial) => {
    const modulus = new Uint8Array(bytes).fill(0x5b)
    modulus.set([serial >> 8, serial & 0xff], 1)
    const spki = rsaKey(modulus, exponent)
    return issue({ subject: ISSUING, issuer: ROOT, extensions: authority(), serial, spki })
  })
  return [issue(leaf), ...authorities]
}

/** First byte below 80. */
const rsaKey = (modulus: Uint8Array, exponent: Uint8Array): Uint8Array =>
  write.sequence(
    write.sequence(write.oid(OID.rsaEncryption), write.nullElement()),
    write.bitString(
      write.sequence(write.element(TAG.integer, modulus), write.element(TAG.integer, exponent)),
    ),
  )
