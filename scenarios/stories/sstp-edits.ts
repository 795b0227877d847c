/** Edits of the Contoso topology with which SSTP is offered (variant V3), and by which clients dial it. */
import { allow, compose, withNatRule, withNode, withRule } from 'sallyport'
import { withService, type ContosoEdit } from './certificate-edits.ts'

/** The gateway listens on TCP 443, and its own firewall lets that in. */
export const withSstp: ContosoEdit = compose(
  withService('gateway', 'vpn-gateway', { sstp: true }),
  withRule('gateway', allow('rras-sstp', { from: 'perimeterExternal', tcp: [443] })),
)

/** The edge lets TCP 443 through, to the gateway. */
export const withSstpPublished: ContosoEdit = compose(
  withRule(
    'edgeFirewall',
    allow('sstp-to-gateway', {
      id: 'FW-E-04',
      from: 'edgeAccess',
      destination: '172.16.10.10',
      tcp: [443],
    }),
  ),
  withNatRule('edgeFirewall', {
    kind: 'dnat',
    name: 'publish-sstp',
    id: 'FW-E-04',
    destination: '203.0.113.10',
    tcp: [443],
    toAddress: '172.16.10.10',
  }),
)

/** The profile of a client's user tunnel names another protocol. */
export const dialling = (
  client: 'laptop' | 'hotelLaptop',
  protocol: 'Automatic' | 'SSTP',
): ContosoEdit =>
  withNode(client, `dials ${protocol}`, (spec) => {
    const user = spec.kind === 'host' ? spec.profiles?.user : undefined
    if (spec.kind !== 'host' || user === undefined) return spec
    const text = user.text.replace('<NativeProtocolType>IKEv2<', `<NativeProtocolType>${protocol}<`)
    return { ...spec, profiles: { ...spec.profiles, user: { ...user, text } } }
  })
