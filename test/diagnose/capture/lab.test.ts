/** Captures that the lab writes, read as a stranger's: of each cause of a failed dial, what the reader says of it, beside what the lab knows. */
import { expect, test } from 'vitest'
import {
  fault,
  seconds,
  withoutMember,
  withoutNatRule,
  withoutRule,
  withProfileText,
  withRemoteAccess,
  withVpnClient,
  withVpnGateway,
} from '../../../src/index.ts'
import {
  GROUP_14,
  OTHER_ESP,
  withGatewayPolicy,
  withoutGatewayCertificate,
  withOtherName,
  withTinyPool,
} from '../../../scenarios/stories/connect-edits.ts'
import type { ContosoEdit } from '../../../scenarios/stories/certificate-edits.ts'
import { dialled, read, seenAt, type Dialling } from './read-lab.ts'

const fragmentsLost = fault('later fragments', ({ ipv4 }) =>
  ipv4 !== undefined && ipv4.fragmentOffset > 0
    ? { kind: 'drop', why: 'a later fragment' }
    : { kind: 'pass' },
).on('homeAccess')

const answersLost = fault('answers on 4500', ({ udp }) =>
  udp?.sourcePort === 4500 ? { kind: 'drop', why: 'no way back' } : { kind: 'pass' },
)
  .from('internet')
  .on('homeAccess')

/** What the lab calls it, how the reader concludes, and the code of the client among those that it names. */
const CASES: readonly (readonly [
  title: string,
  dialling: Dialling,
  failure: string,
  cause: string,
  certainty?: 'likely',
])[] = [
  ['UDP is blocked', { on: 'hotelLaptop' }, 'no-answer', 'sa-init-unanswered'],
  [
    'RemoteAccess is stopped',
    { cause: withRemoteAccess('gateway', 'stopped') },
    'no-answer',
    'sa-init-unanswered',
  ],
  [
    'UDP 4500 is not forwarded',
    { cause: withoutNatRule('edgeFirewall', 'publish-nat-t') },
    'no-answer',
    'auth-unanswered',
  ],
  [
    'later fragments are dropped',
    { tunnel: 'device', before: (lab) => lab.inject(fragmentsLost) },
    'no-answer',
    'fragments-lost',
  ],
  ['answers get lost', { before: (lab) => lab.inject(answersLost) }, 'no-answer', 'answer-lost'],
  [
    'the suites differ',
    { cause: withGatewayPolicy(GROUP_14) },
    'ike-proposal-mismatch',
    'ike-proposal-mismatch',
  ],
  [
    'the gateway has no certificate',
    { cause: withoutGatewayCertificate },
    'server-certificate-missing',
    'refused-at-once',
  ],
  [
    'the gateway has another name',
    { cause: withOtherName },
    'server-certificate-rejected',
    'gateway-not-wanted',
    'likely',
  ],
  [
    'the device has no certificate',
    { cause: withoutMember('VPN Devices', 'laptop'), tunnel: 'device' },
    'device-certificate-missing',
    'nothing-after-sa-init',
    'likely',
  ],
  [
    'a filter keeps the device out',
    {
      cause: withVpnGateway('gateway', {
        deviceTunnel: { rootCertificateNames: ['CN=Fabrikam Root CA'] },
      }),
      tunnel: 'device',
    },
    'device-certificate-rejected',
    'refused-at-once',
  ],
  [
    'the gateway takes no EAP',
    { cause: withVpnGateway('gateway', { authentication: ['certificate'] }) },
    'method-not-accepted',
    'refused-at-once',
  ],
  [
    'RADIUS is blocked',
    { cause: withoutRule('innerFirewall', 'radius-authentication') },
    'radius-silent',
    'eap-refused',
  ],
  [
    'NPS says no to the user',
    { before: (lab) => lab.apply(withoutMember('VPN Users', 'ada')) },
    'nps-rejected',
    'eap-refused',
    'likely',
  ],
  [
    'the client does not know NPS',
    {
      cause: withProfileText('laptop', (text) =>
        text.replace(/<TrustedRootCA>../g, '<TrustedRootCA>00'),
      ),
    },
    'nps-certificate-rejected',
    'eap-refused',
    'likely',
  ],
  [
    'the gateway loses patience',
    {
      cause: withVpnGateway('gateway', { negotiateTime: seconds(10) }),
      before: (lab) =>
        lab.inject(
          fault('NPS is slow', ({ udp }) =>
            udp?.sourcePort === 1812 ? { kind: 'deliver', after: seconds(3) } : { kind: 'pass' },
          ).from('nps1'),
        ),
    },
    'negotiate-time-over',
    'gateway-silent-in-eap',
    'likely',
  ],
  ['ESP differs', { cause: withGatewayPolicy(OTHER_ESP) }, 'esp-proposal-mismatch', 'no-child'],
  [
    'the pool is empty',
    {
      cause: withTinyPool,
      before: (lab) => void lab.nodes['laptop']!.connect({ tunnel: 'device' }),
    },
    'no-address',
    'no-child',
  ],
]

test.for(CASES)('%s', async ([, dialling, failure, cause, certainty = 'certain']) => {
  const { report, capture } = await dialled(dialling)
  expect(report.failure).toBe(failure)
  const dial = read(capture).dials.at(-1)
  expect(dial).toMatchObject({ outcome: 'failed', cause, certainty })
  expect(dial?.windows.map(({ code }) => code)).toContain(report.windows?.code)
  expect(dial?.evidence.flatMap(({ frames }) => frames).length).toBeGreaterThan(0)
  expect(dial?.fix.length).toBeGreaterThan(0)
})

test.for(['user', 'device'] as const)(
  'a %s tunnel that stands is seen to stand',
  async (tunnel) => {
    const { report, capture } = await dialled({ tunnel })
    expect(report.outcome).toBe('connected')
    const { dials, notes } = read(capture)
    expect(dials).toMatchObject([{ outcome: 'connected', phase: 'P6' }])
    expect(dials[0]?.facts).toContain('behind a NAT: the client and the gateway')
    expect(notes).toEqual([])
  },
)

test('a group that the gateway does not want is asked for again, and the dial goes on', async () => {
  const cause: ContosoEdit = withVpnClient('laptop', { negotiateDh2048Aes256: 1 })
  const [dial] = read((await dialled({ cause })).capture).dials
  expect(dial).toMatchObject({ outcome: 'connected' })
  expect(dial?.course[1]?.text).toMatch(/N\(INVALID_KE_PAYLOAD\)/)
  expect(dial?.course[2]?.text).toMatch(/^IKE_SA_INIT request/)
})

test('who captures in one place sees what that place can know', async () => {
  const { capture } = await dialled({
    tunnel: 'device',
    before: (lab) => lab.inject(fragmentsLost),
  })
  const atClient = read(seenAt(capture, 'laptop/homeLan')).dials[0]
  expect(atClient).toMatchObject({ cause: 'fragments-lost', certainty: 'likely' })
  expect(atClient?.facts[0]).toMatch(/^captured at the client/)
  const behind = read(seenAt(capture, 'internet/edgeAccess'))
  // Only first fragments come through, as with a filter by port: the reader says that it cannot tell.
  expect(behind.dials[0]).toMatchObject({ cause: 'fragments-lost', certainty: 'likely' })
  expect(behind.dials[0]?.evidence.map(({ text }) => text).join()).toMatch(/a filter by port/)
  const everywhere = read(capture).dials[0]
  expect(everywhere?.evidence.map(({ text }) => text)).toEqual(
    expect.arrayContaining([
      'the last IKE_AUTH came as far as homeRouter/homeAccess',
      'the last IKE_AUTH is not whole any more at internet/homeAccess',
    ]),
  )
})
