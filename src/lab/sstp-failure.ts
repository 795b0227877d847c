/**
 * Why a dial over SSTP came to nothing, as far as the protocol itself says; what the user was refused for, NPS knows. Not what Windows shows: the decision
 * table has that.
 */
import type { DialEnd } from '../node/vpn-client/contract.ts'
import type { ConnectFailure } from '../windows/connect/failures.ts'
import { SSTP_PORT } from '../wire/sstp-http.ts'
import type { Attempt } from './connect.ts'

type SstpDialEnd = Extract<
  DialEnd,
  { readonly kind: 'untrusted' | 'tcp' | 'tls-failed' | 'sstp-over' }
>

/** Undefined: the protocol is not to blame. */
export function sstpFailure(
  end: SstpDialEnd,
  reports: Attempt['reports'],
): ConnectFailure | undefined {
  const unheard = { kind: 'no-answer', waitedFor: 'TCP', port: SSTP_PORT } as const
  switch (end.kind) {
    case 'tcp':
      // A port that refuses is one that nobody has; one that resets has no certificate.
      if (end.reason === 'refused') return { kind: 'no-port' }
      return end.reason === 'reset' ? { kind: 'server-certificate-missing' } : unheard
    case 'tls-failed':
    case 'untrusted':
      return { kind: 'server-certificate-missing' }
    case 'sstp-over':
      break
  }
  if (end.why === 'http-refused') return { kind: 'no-port' }
  if (end.why === 'no-address') return { kind: 'no-address' }
  const isAuthenticated = reports.some(({ kind }) => kind === 'ppp/authenticated')
  return isAuthenticated ? { kind: 'no-address' } : undefined
}
