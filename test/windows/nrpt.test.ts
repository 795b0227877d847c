import { describe, expect, test } from 'vitest'
import {
  decideByNrpt,
  NRPT_DEFAULTS,
  nrptKind,
  type NrptDefaults,
  type NrptRule,
} from '../../src/windows/nrpt.ts'

const CORP: NrptRule = { namespace: '.corp.contoso.com', servers: ['10.10.0.6'] }

const decide = (
  name: string,
  local: readonly NrptRule[],
  how: {
    groupPolicy?: readonly NrptRule[]
    connected?: boolean
    defaults?: Partial<NrptDefaults>
  } = {},
) =>
  decideByNrpt(
    name,
    { local, groupPolicy: how.groupPolicy, connected: how.connected ?? true },
    { ...NRPT_DEFAULTS, ...how.defaults },
  )

describe('a namespace', () => {
  test.for([
    ['.corp.contoso.com', 'suffix'],
    ['app.corp.contoso.com', 'fqdn'],
    ['.', 'any'],
    ['hrweb', 'prefix'],
    ['10.0.0.0/8', 'subnet'],
    ['10.0.0.1/8', 'unreadable'],
    ['*.corp.contoso.com', 'star'],
    ['a..b', 'unreadable'],
  ] as const)('%s is a rule of kind %s', ([namespace, kind]) =>
    expect(nrptKind(namespace)).toBe(kind),
  )

  test.for([
    ['.corp.contoso.com', 'corp.contoso.com', true],
    ['.corp.contoso.com', 'INTRANET.Corp.contoso.com.', true],
    ['.corp.contoso.com', 'notcorp.contoso.com', false],
    ['corp.contoso.com', 'corp.contoso.com', true],
    ['corp.contoso.com', 'intranet.corp.contoso.com', false],
    ['*.corp.contoso.com', 'intranet.corp.contoso.com', false],
    ['*.corp.contoso.com', '*.corp.contoso.com', false],
    ['.', 'www.example.com', true],
    ['hrweb', 'hrweb.corp.contoso.com', true],
    ['hrweb', 'hrweb', true],
    ['hrweb', 'hr.hrweb.com', false],
    ['10.0.0.0/8', '4.3.2.10.in-addr.arpa', true],
    ['10.0.0.0/8', '4.3.2.11.in-addr.arpa', false],
    ['10.0.0.0/8', '10.in-addr.arpa', false],
  ] as const)('%s and %s: %s', ([namespace, name, matches]) => {
    const decision = decide(name, [{ namespace, servers: ['10.10.0.6'] }])
    expect(decision.ask).toBe(matches ? 'rule' : 'interface')
    expect(decision.rule?.namespace).toBe(matches ? namespace : undefined)
  })
})

describe('precedence', () => {
  const rules: readonly NrptRule[] = [
    { namespace: '.', servers: ['10.0.0.1'] },
    { namespace: '.contoso.com', servers: ['10.0.0.2'] },
    { namespace: '.corp.contoso.com', servers: ['10.0.0.3'] },
    { namespace: 'app.corp.contoso.com', servers: ['10.0.0.4'] },
  ]
  test.for([
    ['app.corp.contoso.com', '10.0.0.4'],
    ['x.app.corp.contoso.com', '10.0.0.3'],
    ['www.contoso.com', '10.0.0.2'],
    ['www.example.com', '10.0.0.1'],
  ] as const)('the more specific rule decides alone: %s asks %s', ([name, server]) => {
    const decision = decide(name, rules)
    expect(decision.servers).toEqual([server])
    expect(decision.restsOn).toEqual([])
  })

  test('a first label before a suffix is an assumption, and says so', () => {
    const both = [CORP, { namespace: 'hrweb', servers: ['10.0.0.9'] }]
    expect(decide('hrweb.corp.contoso.com', both)).toMatchObject({
      servers: ['10.0.0.9'],
      restsOn: ['prefixOrder'],
    })
    const after = { defaults: { prefixOrder: 'after-suffix' } } as const
    expect(decide('hrweb.corp.contoso.com', both, after).servers).toEqual(['10.10.0.6'])
  })
})

describe('a rule without servers', () => {
  test('exempts its name from the suffix around it', () => {
    const decision = decide('files.corp.contoso.com', [
      CORP,
      { namespace: 'files.corp.contoso.com' },
    ])
    expect(decision).toMatchObject({
      ask: 'interface',
      servers: [],
      rule: { namespace: 'files.corp.contoso.com' },
      restsOn: [],
    })
  })

  test('that writes them blank is read as a default says', () => {
    const rule = { namespace: '.corp.contoso.com', servers: [] }
    expect(decide('a.corp.contoso.com', [rule])).toMatchObject({
      ask: 'interface',
      restsOn: ['blankServers'],
    })
    expect(
      decide('a.corp.contoso.com', [rule], { defaults: { blankServers: 'no-servers' } }),
    ).toMatchObject({ ask: 'rule', servers: [] })
  })
})

describe('where rules come from', () => {
  test('local ones live with the tunnel, unless they are persistent', () => {
    expect(decide('a.corp.contoso.com', [CORP], { connected: false }).rule).toBeUndefined()
    expect(
      decide('a.corp.contoso.com', [{ ...CORP, persistent: true }], { connected: false }).rule,
    ).toBeDefined()
  })

  test('Group Policy hides all local ones, even with an empty table', () => {
    const decision = decide('a.corp.contoso.com', [CORP], { groupPolicy: [] })
    expect(decision.rule).toBeUndefined()
    expect(decision.why[0]).toBe('Group Policy has an NRPT, so 1 local rule(s) are ignored')
  })

  test('policy rules do not wait for the tunnel', () => {
    expect(decide('a.corp.contoso.com', [], { groupPolicy: [CORP], connected: false }).rule).toBe(
      CORP,
    )
  })

  test('of two policies with one namespace neither counts: what is less specific does', () => {
    const groupPolicy = [
      CORP,
      { namespace: '.CORP.contoso.com', servers: ['10.0.0.9'] },
      { namespace: '.', servers: ['10.0.0.1'] },
    ]
    expect(decide('a.corp.contoso.com', [], { groupPolicy })).toMatchObject({
      rule: { namespace: '.' },
    })
  })

  test.for([
    ['last', '10.0.0.9'],
    ['first', '10.10.0.6'],
    ['none', undefined],
  ] as const)(
    'of local duplicates the %s counts, which is an assumption',
    ([duplicates, server]) => {
      const decision = decide('a.corp.contoso.com', [CORP, { ...CORP, servers: ['10.0.0.9'] }], {
        defaults: { duplicates },
      })
      expect(decision.servers[0]).toBe(server)
      expect(decision.restsOn).toEqual(['duplicates'])
    },
  )
})
