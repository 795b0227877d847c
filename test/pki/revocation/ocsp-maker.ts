/** OCSP responses as no honest responder of ours would give them, and delegates that should not be one. For the tests. */
import { invariant } from '../../../src/base/invariant.ts'
import { after, days, hours, type Instant } from '../../../src/base/time.ts'
import type { Certificate } from '../../../src/pki/certificate/certificate.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import * as extend from '../../../src/pki/certificate/extension-writer.ts'
import type { Extension } from '../../../src/pki/certificate/extensions.ts'
import { writeTbsCertificate } from '../../../src/pki/certificate/forge.ts'
import type { Pki } from '../../../src/pki/issuing/issue.ts'
import { poolKey } from '../../../src/pki/keys/key-pool.ts'
import { encodeName, parseName } from '../../../src/pki/certificate/name.ts'
import { certIdOf } from '../../../src/pki/revocation/ocsp-request.ts'
import {
  readOcspResponse,
  writeOcspResponse,
  type OcspContents,
  type SingleResponse,
} from '../../../src/pki/revocation/ocsp-response.ts'
import type { OcspSource } from '../../../src/pki/revocation/ocsp.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { signSha256Rsa } from '../../../src/pki/keys/signature.ts'
import { keyIdOf } from '../../../src/pki/keys/spki.ts'
import { held, reread, START } from '../contoso.ts'

export const RESPONDER = 'http://ocsp.contoso.com/ocsp'

export interface Delegate {
  readonly certificate: Certificate
  readonly sign: (tbs: Uint8Array) => Uint8Array
}

/** A signer that `issuer` appointed, unless `change` spoils it. */
export function delegateOf(
  pki: Pki,
  change: {
    readonly issuer?: string
    readonly extensions?: readonly Extension[]
    readonly notBefore?: Instant
  } = {},
): Delegate {
  const { certificate: issuer, privateKey } = pki.authority(change.issuer ?? 'issuing')!
  const { privateKey: ownKey, spki } = poolKey(3)
  const subject = parseName('CN=OCSP')
  invariant(subject.ok, 'a name')
  const notBefore = change.notBefore ?? after(START, hours(-1))
  const tbs = writeTbsCertificate({
    serial: Uint8Array.of(0x51),
    issuer: issuer.subject.der,
    subject: encodeName(subject.value),
    notBefore,
    notAfter: after(notBefore, days(14)),
    spki,
    extensions: change.extensions ?? [extend.extKeyUsage([OID.ocspSigning]), extend.ocspNoCheck()],
  })
  const algorithm = write.sequence(write.oid(OID.sha256WithRSAEncryption), write.nullElement())
  const signature = write.bitString(signSha256Rsa(tbs, privateKey))
  return {
    certificate: reread(write.sequence(tbs, algorithm, signature)),
    sign: (signed) => signSha256Rsa(signed, ownKey),
  }
}

/** A response on the gateway's certificate, signed by its issuer, good for a day; `change` what the test is about. */
export function responseOf(
  pki: Pki,
  change: {
    readonly single?: Partial<SingleResponse>
    readonly contents?: Partial<OcspContents>
    readonly signer?: Delegate
  } = {},
): Uint8Array {
  const issuing = pki.authority('issuing')!
  const single: SingleResponse = {
    certId: certIdOf(held(pki).certificate, issuing.certificate),
    status: 'good',
    thisUpdate: after(START, hours(-1)),
    nextUpdate: after(START, hours(23)),
    ...change.single,
  }
  const signer = change.signer ?? {
    certificate: issuing.certificate,
    sign: (tbs: Uint8Array) => signSha256Rsa(tbs, issuing.privateKey),
  }
  return writeOcspResponse(
    {
      responder: { kind: 'key', keyHash: keyIdOf(signer.certificate.spki) },
      producedAt: after(START, hours(-1)),
      responses: [single],
      certificates: change.signer === undefined ? [] : [signer.certificate.der],
      ...change.contents,
    },
    signer.sign,
  )
}

/** A responder that says `der` to every question. */
export const saying =
  (der: Uint8Array, nonce?: Uint8Array): OcspSource =>
  () => ({
    answers: [{ response: readOcspResponse(der), ...(nonce !== undefined && { nonce }) }],
    tried: [{ url: RESPONDER, outcome: '200' }],
  })

export const SILENT: OcspSource = ({ urls }) => ({
  answers: [],
  tried: urls.map((url) => ({ url, outcome: 'timed-out' })),
})
