/**
 * BoringSSL's single files: certificates that read or do not, CRLs that clear, revoke or say nothing, name constraints and names. Not its
 * chains: {@link ./chains.ts} judges those. What is expected stands in a file or in its name.
 */
import { instant } from '../../../src/base/time.ts'
import { readCertificate } from '../../../src/pki/certificate/certificate.ts'
import { readPem } from '../../../src/pki/encoding/pem.ts'
import { readCrl } from '../../../src/pki/revocation/crl.ts'
import { readDer } from '../../../src/pki/encoding/der.ts'
import { readGeneralNames } from '../../../src/pki/certificate/general-name.ts'
import { readNameConstraints } from '../../../src/pki/certificate/name-constraint-extension.ts'
import { malformedConstraint } from '../../../src/pki/path/name-constraints.ts'
import { readName } from '../../../src/pki/certificate/name.ts'
import { revocationFailure } from '../../../src/pki/revocation/revocation.ts'
import { verifySignature } from '../../../src/pki/keys/signature.ts'

export interface FileVerdict {
  /** `crl_unittest/good.pem`. */
  readonly id: string
  readonly theirs: string
  readonly ours: string
}

type Files = ReadonlyMap<string, Uint8Array>

function filesOf(files: Files, folder: string): readonly { id: string; text: string }[] {
  return [...files]
    .filter(([name]) => name.includes(`/${folder}/`) && name.endsWith('.pem'))
    .map(([name, bytes]) => ({
      id: name.slice(name.indexOf(folder)),
      text: Buffer.from(bytes).toString('latin1'),
    }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

const blockOf = (text: string, label: string): Uint8Array | undefined => {
  const blocks = readPem(text, new Set([label]))
  return blocks.ok ? blocks.value[0] : undefined
}

/** Whether each certificate reads. */
export const certificateVerdicts = (files: Files): readonly FileVerdict[] =>
  filesOf(files, 'parse_certificate_unittest').flatMap(({ id, text }) => {
    const der = blockOf(text, 'CERTIFICATE')
    if (der === undefined) return []
    const errors = Buffer.from(blockOf(text, 'ERRORS') ?? []).toString('latin1')
    const ours = readCertificate(der).ok ? 'reads' : 'refused'
    return [{ id, theirs: errors.includes('ERROR') ? 'refused' : 'reads', ours }]
  })

/** The time that its CRLs are made for. */
const CRL_TIME = instant('2017-03-09T00:00:00Z')

export const crlVerdicts = (files: Files): readonly FileVerdict[] =>
  filesOf(files, 'crl_unittest').map(({ id, text }) => {
    const [kind = ''] = /[a-z]+(?=[_.])/.exec(id.slice(id.indexOf('/') + 1)) ?? []
    const theirs = kind === 'good' || kind === 'revoked' ? kind : 'says nothing'
    return { id, theirs, ours: crlVerdict(text) }
  })

function crlVerdict(text: string): string {
  const issuer = readCertificate(blockOf(text, 'CA CERTIFICATE')!)
  const certificate = readCertificate(blockOf(text, 'CERTIFICATE')!)
  const second = blockOf(text, 'CA CERTIFICATE 2')
  const other = second && readCertificate(second)
  const crl = readCrl(blockOf(text, 'CRL')!)
  if (!issuer.ok || !certificate.ok) return 'no certificate'
  if (!crl.ok) return 'says nothing'
  const failure = revocationFailure({
    certificate: certificate.value,
    issuer: issuer.value,
    at: CRL_TIME,
    crls: () => ({ kind: 'known', crls: [crl.value] }),
    crlSigners: () =>
      other?.ok === true && verifySignature(crl.value, other.value.spki) === 'good'
        ? [other.value]
        : [],
    demandsConformance: false,
    demandsDelta: false,
    verify: verifySignature,
  })
  if (failure === undefined) return 'good'
  return failure.code === 'pki/revoked' ? 'revoked' : 'says nothing'
}

/** Whether each list of constraints, and each list of names that they are held against, is well formed. */
export const constraintVerdicts = (files: Files): readonly FileVerdict[] =>
  filesOf(files, 'name_constraints_unittest').map(({ id, text }) => {
    const theirs = /invalid|with_m(?!in_0\.)/.test(id) ? 'refused' : 'reads'
    return { id, theirs, ours: isWellFormed(text) ? 'reads' : 'refused' }
  })

function isWellFormed(text: string): boolean {
  const constraints = blockOf(text, 'NAME CONSTRAINTS')
  if (constraints !== undefined) {
    const read = readDer(constraints, 'nameConstraints', readNameConstraints)
    return read.ok && malformedConstraint(read.value, true) === undefined
  }
  const names = blockOf(text, 'SUBJECT ALTERNATIVE NAME')
  if (names !== undefined) return readDer(names, 'names', (r) => readGeneralNames(r, 'names')).ok
  return readDer(blockOf(text, 'NAME')!, 'subject', (r) => readName(r, 'subject')).ok
}
