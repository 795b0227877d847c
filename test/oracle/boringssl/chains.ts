/** Puts BoringSSL's chain tests to the path judgement: the failing certificate and the kind of error must be theirs. */
import {
  readCertificate,
  subjectOf,
  type Certificate,
} from '../../../src/pki/certificate/certificate.ts'
import { readPem } from '../../../src/pki/encoding/pem.ts'
import type { PathFailure } from '../../../src/pki/profile/failure.ts'
import { judgeChain } from '../../../src/pki/path/path.ts'
import { NO_CRLS } from '../../../src/pki/revocation/revocation.ts'
import type { ChainTest } from './suite.ts'
import { codesFor, profileFor, trustOf } from './translate.ts'

/** What is said first of a chain: which of its certificates, and what; undefined: it is valid. */
type Said = { readonly index: number; readonly code: PathFailure['code']; readonly message: string }

export interface ChainDifference {
  readonly id: string
  /** `i=1 VerifySignedData failed`, or `valid`. */
  readonly theirs: string
  readonly ours: string
}

export const chainDifferences = (tests: readonly ChainTest[]): readonly ChainDifference[] =>
  tests.flatMap((test) => {
    const said = judge(test)
    const agrees =
      said === undefined
        ? test.errors.length === 0
        : test.errors.some(
            ({ index, text }) => index === said.index && codesFor(text).includes(said.code),
          )
    if (agrees) return []
    const theirs = test.errors.map(({ index, text }) => `i=${index} ${text}`).join('; ')
    const ours = said === undefined ? 'valid' : `i=${said.index} ${said.code} ${said.message}`
    return [{ id: test.id, theirs: theirs || 'valid', ours }]
  })

function judge(test: ChainTest): Said | undefined {
  const blocks = readPem(test.chain, new Set(['CERTIFICATE']))
  const encoded = blocks.ok ? blocks.value : []
  const chain: Certificate[] = []
  for (const [index, der] of encoded.entries()) {
    const read = readCertificate(der)
    if (!read.ok) return { index, code: 'pki/malformed', message: read.error.rule }
    chain.push(read.value)
  }
  const [leaf, ...sent] = chain
  if (leaf === undefined) return { index: 0, code: 'pki/malformed', message: 'no certificate' }
  const verdict = judgeChain({
    leaf,
    sent,
    intermediates: [],
    ...trustOf(test.trust, chain.at(-1)!),
    at: test.at,
    profile: profileFor(test.purpose, test.trust, test.isStrong),
    crls: NO_CRLS,
  })
  const failure = verdict.failures[0]
  if (failure === undefined) return undefined
  const index = chain.findIndex((certificate) => subjectOf(certificate) === failure.subject)
  return { index, code: failure.code, message: failure.message }
}
