/** Edits of the Contoso topology that stories of EAP at NPS make: which types the policy has, and certificates that no template gives. */
import {
  compose,
  days,
  edit,
  mirrorOf,
  vpnNetworkPolicy,
  type AuthoritySpec,
  type CertificateSpec,
  type EapTypeSpec,
  type NetworkPolicySpec,
} from 'sallyport'
import { holding, withService, type ContosoEdit, type ContosoNode } from './certificate-edits.ts'

/** The VPN policy has these EAP types, in this order; `rest`: what else is other than the wizard wrote. */
export const offering = (
  eap: readonly EapTypeSpec[],
  rest: Partial<NetworkPolicySpec> = {},
): ContosoEdit =>
  withService('nps1', 'nps', {
    networkPolicies: [
      vpnNetworkPolicy({
        group: 'VPN Users',
        constraints: { authentication: { eap } },
        ...rest,
      }),
    ],
  })

/** NPS speaks TLS 1.3 in EAP, as Windows Server 2022 and later can be told to. */
export const withTls13: ContosoEdit = withService('nps1', 'nps', { tlsMaximum: '1.3' })

/** One more authority. */
const withNewAuthority = (key: string, spec: AuthoritySpec<ContosoNode>): ContosoEdit =>
  edit(`there is an authority '${key}'`, (topology) => ({
    ...topology,
    authorities: { ...topology.authorities, [key]: spec },
  }))

/** Ada has a certificate `odd` beside her own, installed by hand: good, but for what `change` says, and without a SID. */
export const withOdd = (change: Partial<CertificateSpec> = {}): ContosoEdit =>
  holding('laptop', {
    name: 'odd',
    issuer: 'issuingCa',
    subject: 'CN=Ada Lovelace',
    upn: ['ada@corp.contoso.com'],
    eku: ['clientAuth'],
    validFor: days(300),
    ...change,
  })

/** The same, from an authority of its own below the root. */
export const withOddBelow = (
  authority: Omit<AuthoritySpec<ContosoNode>, 'issuer'> & { readonly issuer?: string },
  change: Partial<CertificateSpec> = {},
): ContosoEdit =>
  compose(
    withNewAuthority('oddCa', { issuer: 'rootCa', ...authority }),
    withOdd({ issuer: 'oddCa', ...change }),
  )

/** What no authority of a lab writes: a real certificate (made by hand, `odd-certificates/`), issued again with a lab key. */
export const oddOne = (name: string) => mirrorOf(import.meta.url, `./odd-certificates/${name}.pem`)
