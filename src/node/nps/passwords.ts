/**
 * Credentials without EAP: verified by the directory, and what an answer carries for them: PAP, CHAP, MS-CHAP, MS-CHAP v2 (RFC 2865 §5.2, RFC 2548 §2).
 * Not the policies that allow a method.
 */
import { concat, utf8 } from '../../base/bytes.ts'
import type { Rng } from '../../base/rng.ts'
import { mppeKeys } from '../../crypto/mppe.ts'
import { formatAuthenticatorResponse } from '../../crypto/ms-chap-v2.ts'
import { hideUserPassword, mppeKeyAttributes, mppeKeysFromMsk } from '../../crypto/radius-hiding.ts'
import { NPS_REASONS, type NpsReason } from '../../windows/nps/reasons.ts'
import { formatMsChapV2Failure } from '../../wire/eap/ms-chap-v2.ts'
import { attribute } from '../../wire/radius/attributes.ts'
import type { RadiusAttribute, RadiusPacket } from '../../wire/radius/packet.ts'
import type { NpsDirectory } from './directory.ts'
import type { KnownCredentials } from './facts.ts'

/** What goes with an answer because of the credentials. Keys are hidden for the request that is answered. */
export interface Proof {
  attributes(hop: {
    readonly request: RadiusPacket
    readonly secret: string
    readonly rng: Rng
  }): readonly RadiusAttribute[]
}

export const NO_PROOF: Proof = { attributes: () => [] }

/** The keys of EAP's MSK (64 bytes), as MS-MPPE-Recv-Key and MS-MPPE-Send-Key. */
export const mskProof = (msk: Uint8Array): Proof => ({
  attributes: ({ request, secret, rng }) =>
    mppeKeyAttributes(mppeKeysFromMsk(msk), secret, request.authenticator, rng),
})

export type Verified =
  | { readonly ok: true; readonly proof: Proof }
  | {
      readonly ok: false
      readonly reason: NpsReason
      readonly detail: string
      readonly proof?: Proof
    }

type PasswordCredentials = Exclude<KnownCredentials, { readonly kind: 'eap' }>

/** `done` is called once, at once or later. */
export function verifyCredentials(
  credentials: PasswordCredentials,
  asked: {
    readonly user: string
    readonly directory: NpsDirectory | undefined
    readonly rng: Rng
  },
  done: (verified: Verified) => void,
): void {
  if (credentials.kind === 'none') return done({ ok: true, proof: NO_PROOF })
  const { user, directory } = asked
  if (directory === undefined) return done(refused(32))
  switch (credentials.kind) {
    case 'pap':
    case 'chap':
      return directory.logon({ user, ...credentials }, (result) =>
        done(result.ok ? { ok: true, proof: NO_PROOF } : refused(result.reason)),
      )
    case 'ms-chap':
      return directory.logon({ user, ...credentials }, (result) =>
        done(
          result.ok
            ? { ok: true, proof: msChapProof(result.passwordHashHash) }
            : refused(result.reason),
        ),
      )
    case 'ms-chap-v2':
    case 'ms-chap-v2-change': {
      const { identifier, ntResponse } = credentials
      return directory.logonMsChapV2({ user, ...credentials }, (result) => {
        if (!result.ok) {
          const { reason, error, retry } = result
          const challenge = asked.rng.fork(`NPS/ms-chap/${identifier}`).bytes(16)
          const told = formatMsChapV2Failure({ error, retry, challenge, version: 3 })
          return done(refused(reason, textProof('MS-CHAP-Error', identifier, told)))
        }
        const said = formatAuthenticatorResponse(result.authenticatorResponse)
        const keys = mppeKeys(result.passwordHashHash, ntResponse)
        done({
          ok: true,
          proof: {
            attributes: (hop) => [
              ...textProof('MS-CHAP2-Success', identifier, said).attributes(hop),
              ...mppeKeyAttributes(
                { recv: keys.fromPeer, send: keys.toPeer },
                hop.secret,
                hop.request.authenticator,
                hop.rng,
              ),
            ],
          },
        })
      })
    }
  }
}

const refused = (reason: NpsReason, proof?: Proof): Verified => ({
  ok: false,
  reason,
  detail: NPS_REASONS[reason].text,
  ...(proof !== undefined && { proof }),
})

/** An identifier, and text (RFC 2548 §2.1.5, §2.3.3). */
const textProof = (
  name: 'MS-CHAP-Error' | 'MS-CHAP2-Success',
  identifier: number,
  text: string,
): Proof => ({
  attributes: () => [attribute(name, concat(Uint8Array.of(identifier), utf8(text)))],
})

/** LM key (8 bytes, which nobody makes any more), NT key (16), and 8 bytes of filling, hidden as User-Password is (RFC 2548 §2.4.1). */
const msChapProof = (passwordHashHash: Uint8Array | undefined): Proof =>
  passwordHashHash === undefined
    ? NO_PROOF
    : {
        attributes: ({ request, secret }) => {
          const keys = concat(new Uint8Array(8), passwordHashHash, new Uint8Array(8))
          return [
            attribute('MS-CHAP-MPPE-Keys', hideUserPassword(keys, secret, request.authenticator)!),
          ]
        },
      }
