/**
 * Where NPS and FreeRADIUS decide apart, because Windows does so by its own rules: each case with the source. No allowance: a difference
 * that does not stand here, or one here that is none, fails the run.
 */
const REASONS = new Map<string, string>([
  [
    'EAP-TLS, ada-no-chain',
    'Windows finds issuers in its own stores, NTAuth among them (CertGetCertificateChain); FreeRADIUS would take a known intermediate for an anchor',
  ],
])

export const knownReason = (name: string): string | undefined => REASONS.get(name)

/** Their names. */
export const KNOWN: readonly string[] = [...REASONS.keys()]
