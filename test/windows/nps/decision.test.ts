/** The order in which NPS decides, and the reason of each denial. */
import { describe, expect, test } from 'vitest'
import { parseIpv4 } from '../../../src/base/address.ts'
import { hours, instant, minutes } from '../../../src/base/time.ts'
import {
  vpnConnectionRequestPolicy,
  vpnNetworkPolicy,
  type NetworkPolicySpec,
  type NpsConstraints,
} from '../../../src/topology/nps.ts'
import { ASSUMPTIONS, type Assumptions } from '../../../src/windows/assumptions.ts'
import {
  authorise,
  choosePolicy,
  type LocalChoice,
  type NpsPolicyServer,
} from '../../../src/windows/nps/decision.ts'
import type { NpsRequest } from '../../../src/windows/nps/request.ts'
import { account, request } from './requests.ts'

const policy = vpnNetworkPolicy({ group: 'VPN Users' })
const server = (
  spec: NpsPolicyServer['spec'] = { networkPolicies: [policy] },
  change: { readonly isRegistered?: boolean; readonly assume?: Partial<Assumptions> } = {},
): NpsPolicyServer => ({
  spec: { connectionRequestPolicies: [vpnConnectionRequestPolicy()], ...spec },
  isRegistered: change.isRegistered ?? true,
  assume: { ...ASSUMPTIONS, ...change.assume },
})

/** `granted by <policy>`, or the reason and the policy. */
function verdict(on: NpsPolicyServer, asked: NpsRequest): string {
  const choice = choosePolicy(on, asked)
  if (choice.result === 'denied') return `${choice.reason} by ${choice.networkPolicy ?? 'none'}`
  if (choice.result !== 'local') return choice.result
  const end = authorise(on, choice, asked)
  return end.result === 'granted'
    ? `granted by ${end.networkPolicy}`
    : `later ${end.reason} by ${end.networkPolicy ?? 'none'}`
}

const local = (on: NpsPolicyServer, asked: NpsRequest): LocalChoice => {
  const choice = choosePolicy(on, asked)
  if (choice.result !== 'local') throw new Error(choice.result)
  return choice
}

const NAME = policy.name
const RRAS = 'Connections to Microsoft Routing and Remote Access server'
const OTHER = 'Connections to other access servers'
const outsider = account({ groups: new Set(['domain users']) })

describe('connection request policies', () => {
  const bare = { connectionRequestPolicies: [] }

  test('Windows’ own is the last, and matches everybody', () => {
    const asked = request({ nasPortType: 19 })
    const choice = choosePolicy(
      server({
        networkPolicies: [{ name: 'all', access: 'grant', constraints: policy.constraints! }],
      }),
      asked,
    )
    expect(choice).toMatchObject({
      result: 'local',
      connectionRequest: {
        policy: 'Use Windows authentication for all users',
        trail: [{ policy: NAME, why: [{ condition: 'nasPortType', expected: '5', got: '19' }] }],
      },
      networkPolicy: { name: 'all' },
    })
  })

  test('without any that is enabled the reason is 49', () => {
    const off = { name: 'Use Windows authentication for all users', enabled: false }
    expect(choosePolicy(server({ connectionRequestPolicies: [off] }), request())).toMatchObject({
      result: 'denied',
      reason: 49,
      connectionRequestTrail: [{ policy: off.name, why: 'disabled' }],
      networkPolicyTrail: [],
    })
  })

  test('the first that matches decides where the request goes', () => {
    const forward = { name: 'f', provider: { forwardTo: 'others' }, accountingTo: 'books' }
    const accept = { name: 'a', provider: 'accept' as const }
    expect(
      choosePolicy(server({ connectionRequestPolicies: [forward, accept] }), request()),
    ).toMatchObject({
      result: 'forward',
      connectionRequest: { policy: 'f', group: 'others', accountingTo: 'books' },
    })
    expect(
      choosePolicy(server({ connectionRequestPolicies: [accept, forward] }), request()),
    ).toMatchObject({
      result: 'accept',
      connectionRequest: { policy: 'a' },
    })
  })

  test('User-Name is rewritten by a pattern and its groups', () => {
    const rewritesUserName = { find: '^(.*)@corp\\.contoso\\.com$', replace: 'CORP\\$1' }
    const choice = choosePolicy(
      server({
        connectionRequestPolicies: [{ name: 'r', rewritesUserName }],
        networkPolicies: [policy],
      }),
      request(),
    )
    expect(choice).toMatchObject({ connectionRequest: { userName: 'CORP\\ada' } })
  })

  test('one that overrides authentication leaves the network policy to the credentials', () => {
    const authentication = { eap: [{ type: 'peap' as const, inner: ['tls' as const] }] }
    const on = server({
      connectionRequestPolicies: [{ name: 'o', authentication }],
      // Its own methods are none, which the override makes good.
      networkPolicies: [{ ...policy, constraints: { authentication: {} } }],
    })
    const { account: _, ...anonymous } = request({ userName: 'anonymous' })
    const choice = local(on, anonymous)
    expect(choice).toMatchObject({ authentication })
    expect(choice.networkPolicy).toBeUndefined()
    expect(authorise(on, choice, request())).toMatchObject({
      result: 'granted',
      networkPolicy: NAME,
    })
    expect(authorise(on, choice, request({ account: outsider }))).toMatchObject({ reason: 48 })
  })

  test('a new server lets nobody in', () => {
    expect(verdict(server({ ...bare, networkPolicies: [] }), request())).toBe('48 by none')
  })
})

describe('network policies', () => {
  test.for<[why: string, change: Partial<NpsRequest>, expected: string]>([
    ['a member of the group', {}, `granted by ${NAME}`],
    ['who is not in the group', { account: outsider }, '48 by none'],
    ['a gateway that is not Microsoft’s', { account: outsider, msRasVendor: 9 }, '48 by none'],
    ['another port type', { nasPortType: 19 }, '48 by none'],
    [
      'who is locked out of remote access',
      { account: account({ dialIn: { permission: 'policy', isLockedOut: true } }) },
      `64 by ${NAME}`,
    ],
    [
      'whose dial-in page denies',
      { account: account({ dialIn: { permission: 'deny' } }) },
      `65 by ${NAME}`,
    ],
    [
      'whose dial-in page allows',
      { account: account({ dialIn: { permission: 'allow' } }) },
      `granted by ${NAME}`,
    ],
    ['a method that the policy lacks', { authenticationType: 'ms-chap-v2' }, `66 by ${NAME}`],
    [
      'who calls from elsewhere',
      { account: account({ dialIn: { permission: 'policy', callerId: '192.0.2.1' } }) },
      `67 by ${NAME}`,
    ],
    [
      'who calls from where they must',
      { account: account({ dialIn: { permission: 'policy', callerId: '198.51.100.2' } }) },
      `granted by ${NAME}`,
    ],
    // Microsoft: without a match, an account that is allowed gets in all the same; Windows' own policies know MS-CHAP only.
    [
      'an outsider whose dial-in page allows, with EAP',
      { account: { ...outsider, dialIn: { permission: 'allow' } } },
      `66 by ${RRAS}`,
    ],
    [
      'the same with MS-CHAP v2',
      {
        account: { ...outsider, dialIn: { permission: 'allow' } },
        authenticationType: 'ms-chap-v2',
      },
      `granted by ${RRAS}`,
    ],
  ])('%s', ([, change, expected]) => {
    expect(verdict(server(), request(change))).toBe(expected)
  })

  test.for<[why: string, constraints: NpsConstraints, expected: string]>([
    ['the hour', { dayAndTime: [{ days: ['Su'] }] }, `68 by ${NAME}`],
    ['the number called', { calledStationId: '^203' }, `69 by ${NAME}`],
    ['the port type', { nasPortTypes: [19] }, `70 by ${NAME}`],
    [
      'all of them hold',
      { dayAndTime: [{ days: ['Mo'] }], calledStationId: '^172', nasPortTypes: [19, 5] },
      `granted by ${NAME}`,
    ],
    // The method is looked at first.
    ['two at once', { authentication: {}, dayAndTime: [] }, `66 by ${NAME}`],
  ])('constraints: %s', ([, constraints, expected]) => {
    const held = { ...policy, constraints: { ...policy.constraints, ...constraints } }
    expect(verdict(server({ networkPolicies: [held] }), request())).toBe(expected)
  })

  test.for<
    [
      method: NpsRequest['authenticationType'],
      authentication: NonNullable<NpsConstraints['authentication']>,
    ]
  >([
    ['pap', { pap: true }],
    ['chap', { chap: true }],
    ['ms-chap', { msChap: true }],
    ['ms-chap-v2', { msChapV2: true }],
    ['eap', { eap: [{ type: 'tls' }] }],
    ['unauthenticated', { unauthenticated: true }],
  ])(
    '%s is let in by a policy that allows it, and by no other',
    ([authenticationType, authentication]) => {
      const asked = request({ authenticationType })
      const on = (constraints: NpsConstraints) =>
        server({ networkPolicies: [{ ...policy, constraints }] })
      expect(verdict(on({ authentication }), asked)).toBe(`granted by ${NAME}`)
      expect(verdict(on({ authentication: {} }), asked)).toBe(`66 by ${NAME}`)
    },
  )

  test('which of Windows’ own denied depends on the vendor of the gateway', () => {
    const got = (msRasVendor: number) =>
      choosePolicy(server(), request({ account: outsider, msRasVendor }))
    expect(got(311)).toMatchObject({ reason: 48, got: `'${RRAS}', which denies it` })
    expect(got(9)).toMatchObject({ reason: 48, got: `'${OTHER}', which denies it` })
    expect(got(311)).not.toHaveProperty('networkPolicy')
  })

  test('who has no account is in no group', () => {
    const { account: _, ...unknown } = request()
    expect(verdict(server(), unknown)).toBe('48 by none')
  })

  test('a constraint that is missed sends nobody on to the next policy', () => {
    const first = {
      ...policy,
      name: 'first',
      constraints: { ...policy.constraints, nasPortTypes: [19] },
    }
    expect(verdict(server({ networkPolicies: [first, policy] }), request())).toBe('70 by first')
  })

  test('conditions do, and the trail says why', () => {
    const first = vpnNetworkPolicy({ group: 'Sales', name: 'first' })
    const off: NetworkPolicySpec = { ...policy, name: 'off', enabled: false }
    const on = server({ networkPolicies: [first, off, policy] })
    expect(local(on, request()).networkPolicyTrail).toEqual([
      {
        policy: 'first',
        why: [
          {
            condition: 'userGroups',
            name: 'User Groups',
            expected: 'Sales',
            got: 'domain users, vpn users',
          },
        ],
      },
      { policy: 'off', why: 'disabled' },
    ])
  })

  test('a policy that denies gives 65, Windows’ own 48; both can be set', () => {
    const deny: NetworkPolicySpec = { ...policy, name: 'deny', access: 'deny' }
    const on = (assume: Partial<Assumptions>) => server({ networkPolicies: [deny] }, { assume })
    expect(verdict(on({}), request())).toBe('65 by deny')
    expect(verdict(on({ reasonOfDenyPolicy: 48 }), request())).toBe('48 by none')
    expect(verdict(on({ reasonOfDefaultDeny: 65 }), request({ account: outsider }))).toBe(
      `65 by ${RRAS}`,
    )
    expect(choosePolicy(on({}), request())).toMatchObject({ restsOn: ['reasonOfDenyPolicy'] })
  })

  test('with Windows’ own disabled nothing matches: 48, and no policy has a name', () => {
    const off = [RRAS, OTHER].map((name) => ({ name, enabled: false, access: 'deny' as const }))
    expect(
      verdict(server({ networkPolicies: [policy, ...off] }), request({ account: outsider })),
    ).toBe('48 by none')
  })

  test('dial-in properties are ignored where the policy says so', () => {
    const on = server({ networkPolicies: [{ ...policy, ignoresDialIn: true }] })
    const denied = account({
      dialIn: { permission: 'deny', callerId: 'x', framedIpAddress: parseIpv4('10.0.0.9')! },
    })
    expect(verdict(on, request({ account: denied }))).toBe(`granted by ${NAME}`)
    const end = authorise(on, local(on, request()), request({ account: denied }))
    expect(end).toMatchObject({ attributes: policy.attributes })
  })

  test('a server that is not registered may not read them: 2, unless they are ignored', () => {
    const on = (spec: NetworkPolicySpec, assume: Partial<Assumptions> = {}) =>
      server({ networkPolicies: [spec] }, { isRegistered: false, assume })
    expect(verdict(on(policy), request())).toBe(`2 by ${NAME}`)
    expect(verdict(on({ ...policy, ignoresDialIn: true }), request())).toBe(`granted by ${NAME}`)
    expect(verdict(on(policy, { unregisteredNps: 'ignores-dial-in' }), request())).toBe(
      `granted by ${NAME}`,
    )
  })
})

describe('the second stage', () => {
  test('what goes with the accept', () => {
    const spec: NetworkPolicySpec = {
      ...policy,
      framedMtu: 1344,
      allowedCertificateOids: ['1.3.6.1.4.1.311.87'],
      constraints: { ...policy.constraints, idleTimeout: minutes(5), sessionTimeout: hours(8) },
    }
    const on = server({ networkPolicies: [spec] })
    const asked = request({
      account: account({
        dialIn: { permission: 'policy', framedIpAddress: parseIpv4('10.0.0.9')! },
      }),
    })
    expect(authorise(on, local(on, asked), asked)).toMatchObject({
      result: 'granted',
      connectionRequestPolicy: NAME,
      networkPolicy: NAME,
      attributes: [
        { name: 'Framed-Protocol', value: 1 },
        { name: 'Service-Type', value: 2 },
        { name: 'Framed-IP-Address', value: '10.0.0.9' },
        { name: 'Idle-Timeout', value: 300 },
        { name: 'Session-Timeout', value: 28_800 },
      ],
      framedMtu: 1344,
      idleTimeout: minutes(5),
      sessionTimeout: hours(8),
      allowedCertificateOids: ['1.3.6.1.4.1.311.87'],
      authentication: policy.constraints?.authentication,
    })
  })

  test('the policy that was chosen is held against who it turned out to be, and against the time', () => {
    const spec = {
      ...policy,
      constraints: { ...policy.constraints, dayAndTime: [{ to: '08:05' }] },
    }
    const on = server({ networkPolicies: [spec] })
    const choice = local(on, request())
    const denied = account({ dialIn: { permission: 'deny' } })
    expect(authorise(on, choice, request({ account: denied }))).toMatchObject({
      reason: 65,
      networkPolicy: NAME,
    })
    expect(authorise(on, choice, request({ at: instant('2026-03-02T08:06:00Z') }))).toMatchObject({
      reason: 68,
      expected: 'every day 00:00-08:05',
      got: 'Mo 08:06',
    })
  })
})
