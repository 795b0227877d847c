/**
 * The certificates of files, judged without a lab: no network, so nothing is fetched, and revocation is what the given lists and responses
 * say. The one place where the machine's clock counts: files of today are judged today, unless `--at` says otherwise.
 */
import { err, ok, type Result } from '../base/result.ts'
import { seconds, type Instant } from '../base/time.ts'
import type { ChainReport } from '../lab/reports.ts'
import { isSelfIssued, subjectOf, type Certificate } from '../pki/certificate/certificate.ts'
import type { Contents } from '../pki/files/containers.ts'
import type { Crl } from '../pki/revocation/crl.ts'
import type { PathFailure } from '../pki/profile/failure.ts'
import { judgementOf } from '../pki/path/judgement.ts'
import { identifies } from '../pki/revocation/ocsp-request.ts'
import { readOcspResponse } from '../pki/revocation/ocsp-response.ts'
import { judgeChain, type ChainQuestion } from '../pki/path/path.ts'
import type { CrlSource } from '../pki/revocation/revocation.ts'
import { shownPath } from '../topology/files.ts'
import { PROFILES, type ProfileName } from '../windows/relying-parties.ts'
import type { Problem } from './answer.ts'
import { readCertificateFile, readPassword } from './certificate-files.ts'

/** The options of `chain` that name files. */
export interface ChainFileOptions {
  /** Given, files are judged. */
  readonly anchor?: readonly string[] | undefined
  readonly intermediate?: readonly string[] | undefined
  readonly crl?: readonly string[] | undefined
  readonly ocsp?: readonly string[] | undefined
  readonly passwordFile?: string | undefined
}

export interface ChainFiles extends ChainFileOptions {
  readonly anchor: readonly string[]
  /** The leaf first; whatever follows was sent along. */
  readonly files: readonly string[]
  readonly name?: string | undefined
  readonly as?: string | undefined
  readonly at?: Instant | undefined
}

/** The Windows client of the gateway: the relying party that the tutorial is about. */
const DEFAULT_PROFILE: ProfileName = 'ike-client'

type Wanted = 'certificate' | 'CRL' | 'OCSP response'

const COUNTS: Readonly<Record<Wanted, (contents: Contents) => number>> = {
  certificate: ({ certificates }) => certificates.length,
  CRL: ({ crls }) => crls.length,
  'OCSP response': ({ ocspResponses }) => ocspResponses.length,
}

/** Read every file; each must hold what it was given for. */
function readAll(
  files: readonly string[],
  wanted: Wanted,
  password: string | undefined,
): Result<readonly Contents[], readonly Problem[]> {
  const all: Contents[] = []
  for (const file of files) {
    const contents = readCertificateFile(file, password)
    if (!contents.ok) return err([contents.error])
    if (COUNTS[wanted](contents.value) === 0) {
      const message = `holds ${holding(contents.value)}, no ${wanted}`
      return err([{ file: shownPath(file), message }])
    }
    all.push(contents.value)
  }
  return ok(all)
}

function holding({ certificates, crls }: Contents): string {
  if (certificates.length > 0) return 'a certificate'
  return crls.length > 0 ? 'a CRL' : 'an OCSP response'
}

/** The certificate to judge: the first of an end entity, failing that of an authority that is no root, failing that the first. */
const leafOf = (certificates: readonly Certificate[]): Certificate | undefined =>
  certificates.find(
    (certificate) => certificate.basicConstraints?.cA !== true && !isSelfIssued(certificate),
  ) ??
  certificates.find(({ basicConstraints }) => basicConstraints?.cA !== true) ??
  certificates.find((certificate) => !isSelfIssued(certificate)) ??
  certificates[0]

/**
 * The lists that were given. Where none is of the wanted issuer, those of strangers, whom no certificate here is issued by, are shown
 * instead: the report then says whose they are.
 */
function listed(crls: readonly Crl[], authorities: readonly Certificate[]): CrlSource {
  const known = new Set(authorities.flatMap(({ subject, issuer }) => [subject.key, issuer.key]))
  const strange = crls.filter(({ issuer }) => !known.has(issuer.key))
  return ({ issuer, urls }) => {
    const own = crls.filter((crl) => crl.issuer.key === issuer.key)
    if (own.length > 0) return { kind: 'known', crls: own }
    if (strange.length > 0) return { kind: 'known', crls: strange }
    const places = urls.length > 0 ? urls : [`CRL of ${issuer.text}`]
    const outcome =
      'no list was given (--crl) and no response (--ocsp); files are judged without a network'
    return { kind: 'unreachable', tried: places.map((url) => ({ url, outcome })) }
  }
}

/**
 * What the given lists say where the relying party looks at none: whoever gives a list wants to know, and the relying party's own verdict
 * must not change by it.
 */
function lookedOver(question: ChainQuestion): readonly PathFailure[] {
  const profile = { ...question.profile, revocation: 'soft' as const }
  const { failures, tolerated } = judgeChain({ ...question, profile })
  return [...failures.filter(({ code }) => code === 'pki/revoked'), ...tolerated]
}

/** Certificates name whole seconds. */
const now = (): Instant => seconds(Math.floor(new Date().getTime() / 1e3)) as number as Instant

export function judgeFiles(asked: ChainFiles): Result<ChainReport, readonly Problem[]> {
  const password = readPassword(asked.passwordFile)
  if (!password.ok) return err([password.error])
  const read = (files: readonly string[] = [], wanted: Wanted = 'certificate') =>
    readAll(files, wanted, password.value)
  const anchors = read(asked.anchor)
  if (!anchors.ok) return anchors
  const intermediates = read(asked.intermediate)
  if (!intermediates.ok) return intermediates
  const lists = read(asked.crl, 'CRL')
  if (!lists.ok) return lists
  const responses = read(asked.ocsp, 'OCSP response')
  if (!responses.ok) return responses
  const presented = read(asked.files)
  if (!presented.ok) return presented

  const certificatesOf = (all: readonly Contents[]) =>
    all.flatMap(({ certificates }) => certificates)
  const sent = certificatesOf(presented.value)
  const leaf = leafOf(sent)
  if (leaf === undefined) return err([{ message: 'no certificate file to judge was given' }])
  // A bundle may carry lists, too.
  const all = [...lists.value, ...presented.value, ...intermediates.value, ...anchors.value]
  const crls = all.flatMap((contents) => contents.crls)
  // As if the peer had sent them: a response counts wherever it came from, since it is signed.
  const stapled = responses.value.flatMap(({ ocspResponses }) => ocspResponses)
  return ok(
    reportOf(crls.length + stapled.length > 0, {
      leaf,
      sent: sent.filter((certificate) => certificate !== leaf),
      intermediates: certificatesOf(intermediates.value),
      anchors: certificatesOf(anchors.value),
      at: asked.at ?? now(),
      profile: PROFILES[(asked.as ?? DEFAULT_PROFILE) as ProfileName],
      ...(asked.name !== undefined && { name: asked.name }),
      crls: listed(
        crls,
        all.flatMap(({ certificates }) => certificates),
      ),
      stapled,
    }),
  )
}

/** Responses that say nothing about the certificates of the path: whoever gave them should know. */
function pointless({ stapled = [], leaf }: ChainQuestion, path: readonly Certificate[]) {
  return stapled.flatMap((der): readonly PathFailure[] => {
    const response = readOcspResponse(der)
    if (!response.ok) return []
    const { value } = response
    const failure = (message: string, got: string): PathFailure => ({
      code: 'pki/ocsp-invalid',
      subject: subjectOf(leaf),
      message: `an OCSP response that was given ${message}`,
      got,
    })
    if (value.status !== 'successful') return [failure('is no answer', value.status)]
    const ids = value.basic.responses.map(({ certId }) => certId)
    const isAbout = path.some((certificate, i) =>
      ids.some((id) => identifies(id, certificate, path[i + 1] ?? certificate)),
    )
    const serials = ids.map(({ serial }) => `serial ${serial}`).join(', ')
    return isAbout ? [] : [failure('is about none of these certificates', serials)]
  })
}

function reportOf(hasEvidence: boolean, question: ChainQuestion): ChainReport {
  const { leaf, at, profile } = question
  const verdict = judgeChain(question)
  const judgement = judgementOf(profile, at, verdict)
  const looksAtEvidence = profile.revocation !== 'none'
  const tolerated = looksAtEvidence || !hasEvidence ? judgement.tolerated : lookedOver(question)
  return {
    on: 'this machine',
    of: subjectOf(leaf),
    ...judgement,
    tolerated: [...tolerated, ...pointless(question, verdict.path)],
    fetches: [],
    fromCache: [],
  }
}
