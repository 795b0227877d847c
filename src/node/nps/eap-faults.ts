/**
 * The reason that NPS gives for a conversation that failed inside EAP. Certificates and passwords bring their own.
 * Sources: "NPS Reason Codes" (22, 23, 96, 260 to 269, 299 to 302); what no source confirms is an assumption, named.
 */
import type { EapFault } from '../../engine/eap/method.ts'
import type { Assumption, Assumptions } from '../../windows/assumptions.ts'
import { isNpsReason, type NpsReason } from '../../windows/nps/reasons.ts'

export interface FaultReason {
  readonly reason: NpsReason
  /** One line for people: what happened, with expected and got. */
  readonly detail: string
  readonly restsOn: readonly Assumption[]
}

const told = (
  reason: NpsReason,
  detail: string,
  restsOn: readonly Assumption[] = [],
): FaultReason => ({ reason, detail, restsOn })

/** `certificate`: what was found about the client's chain, where that is why. */
export function reasonOfFault(
  fault: EapFault,
  assume: Assumptions,
  certificate?: FaultReason,
): FaultReason {
  switch (fault.code) {
    case 'eap/no-common-type':
      return told(
        22,
        `the client wants EAP type ${list(fault.wanted)}, offered ${list(fault.offered)}`,
      )
    case 'eap/malformed':
      return told(23, fault.detail)
    case 'eap/out-of-sequence':
      return told(299, fault.detail)
    case 'eap/tls-failed':
      return told(tlsReason(fault), fault.detail)
    case 'eap/tls-alert-received': {
      const detail = `the client sent the TLS alert ${fault.alert}`
      return fault.alert === 'unknown_ca'
        ? told(assume.reasonOfClientDistrust, detail, ['reasonOfClientDistrust'])
        : told(23, detail)
    }
    case 'eap/certificate-refused':
      return certificate ?? told(23, fault.failure)
    case 'eap/no-certificate':
      return fault.side === 'peer'
        ? told(300, 'the client has no certificate')
        : told(assume.reasonOfNoServerCertificate, 'NPS has no certificate for this EAP type', [
            'reasonOfNoServerCertificate',
          ])
    case 'eap/credentials-refused':
      return told(
        isNpsReason(fault.reason) ? fault.reason : 16,
        'the credentials were not accepted',
      )
    case 'eap/mutual-authentication-failed':
      return told(23, 'the client does not believe that NPS knows the password')
    case 'eap/crypto-binding':
      return fault.what === 'missing'
        ? told(302, 'the client sent no crypto-binding TLV')
        : told(301, 'the crypto-binding TLV of the client is wrong')
    case 'eap/refused-by-peer':
      return told(23, 'the client ended the conversation')
    case 'eap/timed-out':
      return told(96, 'the client did not answer in time')
  }
}

const list = (types: readonly number[]): string => (types.length === 0 ? 'none' : types.join(', '))

function tlsReason({ failure }: Extract<EapFault, { code: 'eap/tls-failed' }>): NpsReason {
  switch (failure) {
    case 'no-shared-cipher':
    case 'version':
      return 269
    case 'bad-record':
      return 260
    case 'bad-signature':
      return 262
    case 'decode':
      return 266
    default:
      return 23
  }
}
