/**
 * How fast certificate chains are read, built and validated, beside the signature checks alone and beside OpenSSL's `verify`.
 * Not a cache's speed: every chain has names, serial numbers and signatures of its own and is read from its bytes each time.
 */
import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto'
import { timeCrypto } from './crypto-clock.ts'
import { timeHostile } from './hostile-chains.ts'
import { issueChain, JUDGED_AT, type IssuedChain } from './issued-chains.ts'
import { clock, median, round, type BenchOptions, type Report } from './measure.ts'
import { opensslSpeed, timeOpenssl } from './openssl.ts'
import type { Result } from '../src/base/result.ts'
import { readCertificate, type Signed } from '../src/pki/certificate/certificate.ts'
import { readCrl } from '../src/pki/revocation/crl.ts'
import { judgeChain } from '../src/pki/path/path.ts'
import { STRICT } from '../src/pki/profile/profiles.ts'

const NOTE =
  'three RSA-2048 certificates and two CRLs a chain, hard revocation, read from DER each time, nothing kept between chains; ' +
  'microsecondsInCrypto: createPublicKey and verify, timed around each call; ' +
  'peer: `openssl verify -crl_check_all`, PEM from disk, as many chains a process as it is fastest with'

/** Chains a second of this core: read, build, validate. Fails when a chain does not hold. */
export function benchChain({ chains: count, runs }: BenchOptions): Report {
  const chains = Array.from({ length: count }, (_, n) => issueChain(n))
  const checkAll = rawChecks(chains)
  judgeEach(chains)()
  checkAll()
  const timed = Array.from({ length: runs }, () => {
    const raw = timeOf(checkAll)
    return { raw, plain: timeOf(judgeEach(chains)), ...timeCrypto(judgeEach(chains)) }
  })
  const perChain = (of: (run: (typeof timed)[number]) => number): number =>
    (median(timed.map(of)) / count) * 1e6
  const microseconds = perChain(({ plain }) => plain)
  const peer = timeOpenssl(chains, runs)
  const ours = 1e6 / microseconds
  const hostile = timeHostile(runs)
  return {
    name: 'chain',
    unit: 'chains/s',
    runs,
    chains: count,
    ours: Math.round(ours),
    ...(peer && { peer: Math.round(peer.perSecond), ratio: round(ours / peer.perSecond) }),
    microseconds: round(microseconds),
    microsecondsInCrypto: round(perChain(({ inside }) => inside)),
    microsecondsOutside: round(perChain(({ all, inside }) => all - inside)),
    rawChecksPerSecond: Math.round((CHECKS * 1e6) / perChain(({ raw }) => raw)),
    ...opensslSpeed(),
    ...(peer && { peerBatch: peer.batch }),
    note: NOTE,
    slowestHostile: hostile[0]!.milliseconds,
    hostile,
  }
}

function timeOf(work: () => void): number {
  const begin = clock()
  work()
  return clock() - begin
}

/** Of bytes that nobody has seen before, so that nothing can be remembered by their identity. */
function judgeEach(chains: readonly IssuedChain[]): () => void {
  const unseen = chains.map((chain): IssuedChain => ({
    ...chain,
    leaf: chain.leaf.slice(),
    issuing: chain.issuing.slice(),
    root: chain.root.slice(),
    issuingCrl: chain.issuingCrl.slice(),
    rootCrl: chain.rootCrl.slice(),
  }))
  return () => unseen.forEach(judge)
}

function judge({ name, leaf, issuing, root, rootCrl, issuingCrl }: IssuedChain): void {
  const crls = [read(readCrl(issuingCrl)), read(readCrl(rootCrl))]
  const { valid, failures } = judgeChain({
    leaf: read(readCertificate(leaf)),
    sent: [read(readCertificate(issuing))],
    intermediates: [],
    anchors: [read(readCertificate(root))],
    at: JUDGED_AT,
    profile: STRICT,
    name,
    crls: ({ issuer }) => {
      const found = crls.filter((crl) => crl.issuer.key === issuer.key)
      return found.length > 0 ? { kind: 'known', crls: found } : { kind: 'unreachable', tried: [] }
    },
  })
  if (!valid) throw new Error(`the chain of ${name} does not hold: ${JSON.stringify(failures)}`)
}

function read<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

/** Signatures that a chain needs: of two certificates and two CRLs. */
const CHECKS = 4

/** Those signatures and nothing else: keys are ready, bytes are cut out. */
function rawChecks(chains: readonly IssuedChain[]): () => void {
  const checks = chains.flatMap(({ leaf, issuing, root, rootCrl, issuingCrl }) => {
    const [issuingKey, rootKey] = [issuing, root].map((der) => {
      const key = Buffer.from(read(readCertificate(der)).spki)
      return createPublicKey({ key, format: 'der', type: 'spki' })
    })
    const check = ({ tbs, signature }: Signed, key: KeyObject) => ({ tbs, signature, key })
    return [
      check(read(readCertificate(leaf)), issuingKey!),
      check(read(readCrl(issuingCrl)), issuingKey!),
      check(read(readCertificate(issuing)), rootKey!),
      check(read(readCrl(rootCrl)), rootKey!),
    ]
  })
  return () => {
    for (const { tbs, signature, key } of checks) {
      const options = { key, padding: constants.RSA_PKCS1_PADDING }
      if (!verify('sha256', tbs, options, signature)) throw new Error('a signature is bad')
    }
  }
}
