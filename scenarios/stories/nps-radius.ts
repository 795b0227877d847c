/**
 * RADIUS between the gateway and NPS: secrets, clients, firewalls, fail-over, accounting and logs.
 * Not the decisions that NPS makes once a request is heard, and not proxies, which are in `nps-proxy.ts`.
 */
import {
  compose,
  fault,
  minutes,
  story,
  withGatewayRadius,
  withNps,
  withoutRecord,
  withoutRule,
  withRadiusClient,
  withRadiusSecret,
  withRadiusServer,
  type Lab,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import { withOs, type ContosoEdit } from './certificate-edits.ts'
import { beside, logged, NPS2, SECRETS, withPasswords } from './nps-edits.ts'

const withThem = withPasswords.apply(contoso)
const ADA = { user: 'ada', method: 'ms-chap-v2' } as const
const PAP = { user: 'ada', method: 'pap' } as const
/** Rules that have dropped packets so far, each once. */
const droppedBy = (lab: Lab): readonly string[] => [
  ...new Set(lab.trace.ofKind('dropped').flatMap(({ node, rule }) => `${node}: ${rule ?? '-'}`)),
]

const both: ContosoEdit = withGatewayRadius('gateway', [
  { server: 'nps1', secret: SECRETS.nps1, score: 30 },
  { address: NPS2, secret: SECRETS.nps2, score: 20 },
])

export const npsRadius = [
  story({
    title: 'With another secret NPS and the gateway are strangers, and nobody is told so',
    teaches:
      'A wrong shared secret is silence, not a rejection: event 18 at NPS where there is a Message-Authenticator, 20146 and 20271 at the gateway, and no 6273 anywhere.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withRadiusSecret('gateway', 'mistyped'))
      const report = await gateway.authenticate({ client: 'laptop' })
      expect(report).toGetNoAnswer({ servers: ['nps1'], requests: 2 })
      expect(report.windows?.code).toBe('812')
      expect(report.restsOn).toContain('clientCodeOfSilence')
      expect(report.nps).toBe(undefined)
      expect(logged(report, 'nps1')).toEqual([18])
      expect(logged(report, 'gateway')).toEqual([20146, 20271])
    },
  }),
  story({
    title:
      'Without a Message-Authenticator NPS does not notice the wrong secret, and says yes in vain',
    teaches:
      'MS-CHAP v2 is not hidden by the secret, so NPS logs 6272; PAP is, so it logs 6273 and reason 16. Either way its answer does not verify, and the gateway throws it away.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withRadiusSecret('gateway', 'mistyped'))
      const granted = await gateway.authenticate(ADA)
      expect(granted).toGetNoAnswer({ servers: ['nps1'] })
      expect(granted.nps?.reason).toBe(0)
      expect(logged(granted, 'nps1')).toContain(6272)
      expect(logged(granted, 'gateway')).toEqual([20146, 20271])
      const denied = await gateway.authenticate(PAP)
      expect(denied).toBeDiscardedFor(16, { windows: '812', event: 6273 })
    },
  }),
  story({
    title: 'NPS hears nobody whose address it does not know',
    teaches:
      'The client is the address that packets come from: the gateway’s inner one. Entered with its outer address, or disabled, it is a stranger, and event 13 names where it came from.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      const entries = [{ address: '172.16.10.10' }, { enabled: false }] as const
      for (const change of entries) {
        using _ = lab.apply(withRadiusClient('nps1', 'VPN1', change))
        const report = await gateway.authenticate({ client: 'laptop' })
        expect(report).toGetNoAnswer({ servers: ['nps1'], requests: 2 })
        expect(logged(report, 'nps1')).toEqual([13])
        expect(report.events.find(({ id }) => id === 13)?.text).toContain('172.16.20.10')
      }
    },
  }),
  story({
    title: 'A client may be a range or a name, where the edition and DNS allow it',
    teaches:
      'Ranges came to all editions with Windows Server 2019. A name is resolved when NPS starts, and counts as the address that it had then.',
    topology: withThem,
    run: async ({ lab, gateway, nps1, expect }) => {
      {
        using _ = lab.apply(withRadiusClient('nps1', 'VPN1', { address: '172.16.20.0/24' }))
        expect(await gateway.authenticate(ADA)).toBeAccepted()
        using _standard = lab.apply(withNps('nps1', { allowsClientRanges: false }))
        const report = await gateway.authenticate(ADA)
        expect(report).toGetNoAnswer({ servers: ['nps1'] })
        expect(logged(report, 'nps1')).toEqual([13])
      }
      const name = 'gateway.corp.contoso.com'
      using _ = lab.apply(withRadiusClient('nps1', 'VPN1', { address: name }))
      expect(await nps1.resolve(name)).toResolveTo('172.16.20.10')
      expect(await gateway.authenticate(ADA)).toBeAccepted()
      using _gone = lab.apply(withoutRecord('corpContoso', 'gateway', 'A'))
      nps1.flushCaches()
      lab.reboot('nps1')
      const report = await gateway.authenticate(ADA)
      expect(report).toGetNoAnswer({ servers: ['nps1'] })
      expect(logged(report, 'nps1')).toEqual([13])
    },
  }),
  story({
    title: 'RADIUS that the inner firewall drops leaves no trace at NPS',
    teaches:
      'No event at NPS at all is itself the finding: what is missing there, the firewall has. After two tries of five seconds the gateway gives up.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withoutRule('innerFirewall', 'radius-authentication'))
      const report = await gateway.authenticate({ client: 'laptop' })
      expect(report).toGetNoAnswer({ servers: ['nps1'], requests: 2 })
      expect(logged(report, 'nps1')).toEqual([])
      expect(logged(report, 'gateway')).toEqual([20146, 20271])
      expect(droppedBy(lab)).toContain('innerFirewall: inner-default-deny')
    },
  }),
  story({
    title: 'On Windows Server 2019 the firewall’s own rules for RADIUS count for nothing',
    teaches:
      'The rules are there, and match nobody, until sc sidtype IAS unrestricted was run. It looks as if a firewall between the two were shut.',
    topology: withOs('nps1', 'windows-server-2019').apply(withThem),
    run: async ({ lab, gateway, expect }) => {
      {
        using _ = lab.apply(withNps('nps1', { firewallSidFixed: false }))
        const report = await gateway.authenticate(ADA)
        expect(report).toGetNoAnswer({ servers: ['nps1'], requests: 2 })
        expect(logged(report, 'nps1')).toEqual([])
        expect(await lab.probe({ from: 'gateway', to: 'nps1', udp: 1812 })).toBeDropped({
          at: 'nps1',
          rule: 'windows-inbound-default',
        })
      }
      expect(await gateway.authenticate(ADA)).toBeAccepted()
    },
  }),
  story({
    title: 'The server with the higher score is asked first, and the other takes over',
    teaches:
      'RRAS asks by score. A server that is silent loses points and is asked last from then on; with all of them silent nobody gets in.',
    topology: compose(beside(), both).apply(contoso),
    run: async ({ lab, gateway, expect }) => {
      const first = await gateway.authenticate(ADA)
      expect(first).toBeAccepted()
      expect(first.server).toBe('nps1')
      using _ = lab.apply(withoutRule('innerFirewall', 'radius-authentication'))
      // Until then the firewall lets through what belongs to the conversation before.
      await lab.advance(minutes(5))
      const over = await gateway.authenticate(ADA)
      expect(over).toBeAccepted()
      expect(over.server).toBe(NPS2)
      expect(over.requests).toBe(3)
      expect(logged(over, 'gateway')).toEqual([20146])
      using _both = lab.apply(withoutRule('innerFirewall', 'radius-to-nps2'))
      await lab.advance(minutes(5))
      const none = await gateway.authenticate(ADA)
      expect(none).toGetNoAnswer({ servers: ['nps1', NPS2], requests: 4 })
    },
  }),
  story({
    title: 'An answer that is lost is sent again, and decided once',
    teaches:
      'NPS knows a request that is repeated by its client, port, identifier and authenticator: the second gets the answer of the first, and the log has one event.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      let lost = 0
      const first = fault('the first answer is lost', (frame) => {
        const isAnswer = frame.udp?.sourcePort === 1812
        return isAnswer && lost++ === 0 ? { kind: 'drop', why: 'lost' } : { kind: 'pass' }
      })
      using _ = lab.inject(first.from('nps1'))
      const report = await gateway.authenticate(ADA)
      expect(report).toBeAccepted()
      expect(report.requests).toBe(2)
      expect(report.events.filter(({ id }) => id === 6272)).toHaveLength(1)
    },
  }),
  story({
    title: 'Start, interim and stop of a session are on file, under the Class that NPS gave it',
    teaches:
      'Accounting goes to UDP 1813 and tells of the session that was let in: the same Acct-Session-Id in all records, and Class to find the decision by.',
    topology: withThem,
    run: async ({ gateway, nps1, expect }) => {
      const { session = '' } = await gateway.authenticate(ADA)
      const began = nps1.accountingLog().length
      expect((await gateway.account({ session, status: 'start' })).outcome).toBe('recorded')
      const usage = { inputOctets: 1000, outputOctets: 5000, inputPackets: 10, outputPackets: 20 }
      const interim = await gateway.account({ session, status: 'interim', usage })
      expect(interim.server).toBe('nps1')
      expect(interim.requests).toBe(1)
      expect((await gateway.account({ session, status: 'stop', usage })).outcome).toBe('recorded')
      const lines = nps1.accountingLog().slice(began)
      expect(lines).toHaveLength(3)
      for (const [i, status] of [1, 3, 2].entries()) {
        expect(lines[i]).toContain(`<Acct-Status-Type data_type="0">${status}</Acct-Status-Type>`)
        expect(lines[i]).toContain(`>${session}</Acct-Session-Id>`)
        expect(lines[i]).toMatch(/<Class data_type="\d">/)
      }
      expect(lines[2]).toContain('<Acct-Output-Octets data_type="0">5000</Acct-Output-Octets>')
      expect(lines[2]).toContain('<Acct-Terminate-Cause data_type="0">1</Acct-Terminate-Cause>')
    },
  }),
  story({
    title: 'Where accounting is blocked people work on, and nobody counts them',
    teaches: 'Forgetting UDP 1813 keeps nobody out. RRAS tries, gives up, and the session stays.',
    topology: withThem,
    run: async ({ lab, gateway, nps1, expect }) => {
      const { session = '' } = await gateway.authenticate(ADA)
      const before = nps1.accountingLog().length
      {
        using _ = lab.apply(withoutRule('innerFirewall', 'radius-accounting'))
        const start = await gateway.account({ session, status: 'start' })
        expect(start.outcome).toBe('no-answer')
        expect(start.silent).toEqual(['nps1'])
        expect(start.requests).toBe(2)
        expect(droppedBy(lab)).toContain('innerFirewall: inner-default-deny')
        expect(nps1.accountingLog()).toHaveLength(before)
      }
      expect((await gateway.account({ session, status: 'stop' })).outcome).toBe('recorded')
    },
  }),
  story({
    title: 'The log is XML, columns, pairs, or nothing, and a password is in none of them',
    teaches:
      'DTS is what a new server writes. A request and its answer are a line each, with the reason code in the second.',
    topology: withThem,
    run: async ({ lab, gateway, nps1, expect }) => {
      const formats = [
        ['dts', '<Reason-Code data_type="0">16</Reason-Code>'],
        ['odbc', '"NPS1","IAS",'],
        ['ias', ',4142,16'],
      ] as const
      for (const [format, part] of formats) {
        using _ = lab.apply(withNps('nps1', { accounting: { format } }))
        const before = nps1.accountingLog().length
        const guessed = await gateway.authenticate({ ...PAP, password: 'Guessed-1' })
        expect(guessed).toBeRejectedFor(16)
        const lines = nps1.accountingLog().slice(before)
        expect(lines).toHaveLength(2)
        expect(lines[1]).toContain(part)
        expect(lines.join()).not.toContain('Guessed')
      }
      using _ = lab.apply(withNps('nps1', { accounting: { format: 'none' } }))
      const before = nps1.accountingLog().length
      expect(await gateway.authenticate(PAP)).toBeAccepted()
      expect(nps1.accountingLog()).toHaveLength(before)
    },
  }),
  story({
    title: 'A full disk shuts the VPN, unless the server was told that it need not',
    teaches:
      '"If logging fails, discard connection requests" is on from the start: reason 80, event 6274, and silence towards the gateway.',
    topology: withThem,
    run: async ({ lab, gateway, nps1, expect }) => {
      {
        using _ = lab.apply(withNps('nps1', { accounting: { diskFree: 0 } }))
        const report = await gateway.authenticate(ADA)
        expect(report).toBeDiscardedFor(80, { windows: '812', event: 6274 })
        expect(report).toGetNoAnswer({ servers: ['nps1'], requests: 2 })
      }
      const accounting = { diskFree: 0, discardsWhenLoggingFails: false }
      using _ = lab.apply(withNps('nps1', { accounting }))
      expect(await gateway.authenticate(ADA)).toBeAccepted()
      expect(nps1.accountingLog()).toHaveLength(0)
    },
  }),
  story({
    title: 'With auditing off NPS decides as before, and the log has nothing of it',
    teaches:
      'The lab still says what NPS decided, since it knows; on site nobody would, but for the log file.',
    topology: withThem,
    run: async ({ lab, gateway, nps1, expect }) => {
      using _ = lab.apply(withNps('nps1', { audit: { success: false, failure: false } }))
      const granted = await gateway.authenticate(ADA)
      expect(granted).toBeAccepted()
      expect(logged(granted, 'nps1').filter((id) => id > 6000)).toEqual([])
      const denied = await gateway.authenticate({ ...ADA, password: 'Guessed-1' })
      expect(denied).toBeRejectedFor(16, { event: 20271 })
      expect(logged(denied, 'nps1')).toEqual([])
      expect(nps1.accountingLog().at(-1)).toContain('<Reason-Code data_type="0">16</Reason-Code>')
    },
  }),
  story({
    title: 'Demanding Message-Authenticator stops PAP that has none, and EAP not at all',
    teaches:
      'Against Blast-RADIUS: EAP always brings it. A gateway that asks with PAP must be told to send it, or it is dropped: event 4419 for the server’s switch, 17 for the client’s own.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      {
        using _ = lab.apply(withNps('nps1', { requireMessageAuthenticator: true }))
        const report = await gateway.authenticate(PAP)
        expect(report).toGetNoAnswer({ servers: ['nps1'] })
        expect(logged(report, 'nps1')).toEqual([4419])
        expect(report.nps).toBe(undefined)
        const eap = { user: 'ada', method: 'eap-mschapv2' } as const
        expect(await gateway.authenticate(eap)).toBeAccepted()
        using _sent = lab.apply(withRadiusServer('gateway', { sendsMessageAuthenticator: true }))
        expect(await gateway.authenticate(PAP)).toBeAccepted()
      }
      using _ = lab.apply(withRadiusClient('nps1', 'VPN1', { requiresMessageAuthenticator: true }))
      const report = await gateway.authenticate(PAP)
      expect(report).toGetNoAnswer({ servers: ['nps1'] })
      expect(logged(report, 'nps1')).toEqual([17])
    },
  }),
]
